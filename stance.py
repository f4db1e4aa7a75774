"""Stance: tag sentences with the stances they voice in the debate over China's ties abroad.

The ``stance`` command (``stance --help``) and the names that a notebook needs::

    import stance

    model = stance.load()
    model.classify("The port brings jobs, the minister said.").labels

Each verb parses, calls one function of ``labels``, ``training`` or ``service``, and prints.
"""

import gc
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

# More than one BLAS thread makes these small fits up to a hundred times slower. It must be set
# before numpy is imported; a value that the user has set is kept.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

# Imports make thousands of objects and hardly any garbage, which the collector would look for.
_is_collecting = gc.isenabled()
gc.disable()

import typer

from labels import commands as labels_commands
from labels.commands import EncodingOption, LabelsOption, errors_as_messages
from labels.encodings import DEFAULT
from labels.taxonomy import LABELS_DIR
from service import commands as service_commands
from service.artifact import DEFAULT_ARTIFACT
from service.classifier import Classifier, load
from service.commands import DelimiterOption, ModelOption
from service.prediction import Prediction

if _is_collecting:
    gc.enable()

__all__ = ["Classifier", "Prediction", "load"]

HeldOutArgument = Annotated[
    Path, typer.Argument(help="Held-out JSON Lines with 'text' and 'labels'.")
]
WriteOption = Annotated[
    Path | None, typer.Option(help="Put the table between the markers of this Markdown file.")
]

app = typer.Typer(
    name="stance",
    help="Tag sentences with the stances they voice. Start with: stance classify TEXT",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(labels_commands.app, name="labels")
app.add_typer(service_commands.keys, name="keys")
for _verb in (service_commands.classify, service_commands.score, service_commands.serve):
    app.command()(_verb)


def main() -> None:
    """Run the command."""
    app()


@labels_commands.app.command("suggest")
def labels_suggest(
    pool: Annotated[Path, typer.Argument(help="Unlabelled texts: csv, tsv, jsonl, parquet, txt.")],
    n: Annotated[int, typer.Option("-n", min=1, help="How many to choose.")] = 50,
    text_column: Annotated[str, typer.Option(help="Column that holds the text.")] = "text",
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = DEFAULT,
    model: ModelOption = DEFAULT_ARTIFACT,
) -> None:
    """Print the sentences that would teach the model most, as JSON Lines ready to be labelled.

    Texts are split into sentences. Uncertain ones first, labels taking turns, sentences unlike
    each other. Add 'labels' to each row, and stance labels import takes them.
    """
    import numpy as np
    import orjson

    from labels.suggest import suggest
    from service.pool import read_pool

    with errors_as_messages():
        classifier = load(model)
        found = read_pool(pool, classifier, text_column, delimiter, encoding)
        if not found:
            languages = ", ".join(classifier.taxonomy.languages)
            raise ValueError(f"{pool}: no sentence in one of {languages}")
        texts = [sentence.text for sentence in found]
        scores = classifier.score(texts)
        ids, thresholds = classifier.taxonomy.ids, np.array(classifier.artifact.thresholds)
        for chosen in suggest(texts, scores, thresholds, ids, n):
            row = asdict(found[chosen.index]) | {
                "uncertain": chosen.label,
                "score": round(chosen.score, 4),
                "model_version": classifier.model.version,
            }
            typer.echo(orjson.dumps(row))


@app.command()
def train(
    labels: LabelsOption = LABELS_DIR,
    out: Annotated[
        Path, typer.Option(help="Folder to write the model to.", show_default="models/default")
    ] = DEFAULT_ARTIFACT,
    if_stale: Annotated[
        bool,
        typer.Option(
            "--if-stale", help="Do nothing if OUT was made from these labels and this code."
        ),
    ] = False,
) -> None:
    """Train a model from the labelled set and show what it can do beside two baselines.

    The same labelled set gives the same weights, byte for byte. OUT is replaced in one step.
    """
    from labels.sentences import read_labelled_set
    from labels.taxonomy import read_taxonomy
    from labels.terminal import console, counted_progress
    from training.config import TrainingConfig
    from training.manifest import is_current
    from training.report import print_report
    from training.run import run
    from training.train import n_steps

    config = TrainingConfig()
    with errors_as_messages():
        if if_stale and is_current(out, labels, config):
            typer.echo(f"{out}: up to date")
            return
        taxonomy, sentences = read_taxonomy(labels), read_labelled_set(labels)
        with counted_progress() as progress:
            task = progress.add_task("training", total=n_steps(config))
            report, version = run(
                sentences,
                taxonomy,
                labels,
                out,
                config,
                lambda step: progress.update(task, advance=1, description=step),
            )
    print_report(report, console())
    typer.echo(f"{out}: model {version}")


@app.command()
def evaluate(
    file: Annotated[
        Path,
        typer.Argument(help="Sentences with 'text' and 'labels': jsonl, csv, tsv, parquet."),
    ],
    model: ModelOption = DEFAULT_ARTIFACT,
    text_column: Annotated[str, typer.Option(help="Column that holds the sentence.")] = "text",
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = DEFAULT,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
    write: Annotated[
        Path | None,
        typer.Option(help="Put the tables between the markers of this Markdown file."),
    ] = None,
    report: Annotated[
        Path, typer.Option(help="Page with pictures, errors and evidence to write.")
    ] = Path("report.html"),
) -> None:
    """Measure a model on a labelled file: per label, language and register.

    'labels' is a list, or labels joined by | as stance score writes; empty for no label. Says how
    many sentences the model was trained on. Writes report.html, one page with everything in it;
    it repeats sentences of FILE. Intervals are 95 % bootstrap intervals over documents (fields
    'passage' or 'document').
    """
    from labels.terminal import console
    from service.labelled import read_labelled
    from training import report as reports
    from training.config import TrainingConfig
    from training.evaluation import build_page, count_seen, strongest_terms
    from training.page import render_page
    from training.studies import STUDIES_DIR
    from training.train import indicator_matrix

    with errors_as_messages():
        classifier = load(model)
        taxonomy, version = classifier.taxonomy, classifier.model.version
        sentences = read_labelled(file, taxonomy, text_column, delimiter, encoding)
        answers = classifier.score_sentences([s.text for s in sentences])
        scores, given = answers.scores, answers.counts > 0
        truth = indicator_matrix(sentences, taxonomy)
        title, seed = f"{file.name}, model {version}", TrainingConfig().seed
        n_seen = count_seen(sentences, classifier.labelled_texts())
        measured = reports.build_report(
            title, sentences, taxonomy, scores, given, truth, seed, n_seen
        )
        page = build_page(
            measured,
            version,
            sentences,
            taxonomy,
            (scores, given, truth),
            classifier.artifact.manifest["thresholds"],
            strongest_terms(*classifier.artifact.weights.of_terms(), taxonomy),
            classifier.explain_label,
            (file, classifier.artifact.manifest["training"]["inputs"]["labelled_set"], STUDIES_DIR),
        )
        report.write_text(render_page(page), encoding="utf-8")
        if write is not None:
            reports.write_between_markers(write, "evaluation", reports.markdown(measured))
    if markdown:
        typer.echo(reports.markdown(measured))
    else:
        reports.print_report(measured, console())
    typer.echo(f"{report}: written", err=True)


@app.command()
def curve(
    file: HeldOutArgument, labels: LabelsOption = LABELS_DIR, write: WriteOption = None
) -> None:
    """Train on 1/8, 1/4, 1/2 and all of the labelled set and measure each on a held-out file."""
    from training import curve as curves

    def study(*inputs: Any) -> tuple[list[list[str]], list[dict[str, Any]]]:
        points = curves.learning_curve(*inputs)
        return curves.rows(points), curves.values(points)

    _study("curve", study, len(curves.PARTS), file, labels, write)


@app.command()
def ablation(
    file: HeldOutArgument, labels: LabelsOption = LABELS_DIR, write: WriteOption = None
) -> None:
    """Train without each family of terms, and with others, and measure on a held-out file."""
    from labels.lexicon import read_lexicon
    from training import ablation as ablations
    from training.config import TrainingConfig

    def study(*inputs: Any) -> tuple[list[list[str]], list[dict[str, Any]]]:
        measured = ablations.ablate(*inputs)
        return ablations.rows(measured), ablations.values(measured)

    with errors_as_messages():
        n = len(ablations.variants(TrainingConfig(), read_lexicon(labels)))
    _study("ablation", study, n, file, labels, write)


def _study(
    name: str,
    study: Callable[..., tuple[list[list[str]], list[dict[str, Any]]]],
    n_trainings: int,
    file: Path,
    labels: Path,
    write: Path | None,
) -> None:
    """Run a study that trains several models, show its table and keep it for the report."""
    from labels.lexicon import read_lexicon
    from labels.sentences import digest_of, read_labelled_set, read_sentences
    from labels.taxonomy import read_taxonomy
    from labels.terminal import console, counted_progress
    from training.config import TrainingConfig
    from training.report import markdown_table, rich_table, write_between_markers
    from training.studies import STUDIES_DIR, write_study
    from training.train import n_steps

    config = TrainingConfig()
    with errors_as_messages():
        taxonomy, sentences = read_taxonomy(labels), read_labelled_set(labels)
        lexicon, held_out = read_lexicon(labels), read_sentences(file, taxonomy)
        with counted_progress() as progress:
            task = progress.add_task("training", total=n_trainings * n_steps(config))
            table, values = study(
                sentences,
                held_out,
                taxonomy,
                lexicon,
                config,
                lambda step: progress.update(task, advance=1, description=step),
            )
        write_study(name, values, file, digest_of(labels), STUDIES_DIR)
        if write is not None:
            write_between_markers(write, name, markdown_table(table))
    console().print(rich_table(f"{name}, measured on {file.name}", table))


if __name__ == "__main__":
    main()
