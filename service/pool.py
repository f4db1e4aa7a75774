"""Sentences that nobody has labelled yet, from files of texts, in the form of a labelled set.

Called by ``stance labels suggest``, which chooses among them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labels.encodings import DEFAULT
from labels.sentences import text_problems
from service.classifier import Classifier
from service.readers import open_source, refuse_other_encoding
from service.rows import Source
from service.sentences import split_sentences
from service.texts import TextError, check_text


@dataclass(frozen=True, slots=True)
class PoolSentence:
    """A sentence, the language of its text, and the text as its passage: those share more."""

    text: str
    lang: str
    passage: str


def read_pool(
    path: Path,
    classifier: Classifier,
    text_column: str,
    delimiter: str | None = None,
    encoding: str = DEFAULT,
) -> list[PoolSentence]:
    """Return the different sentences of a file's texts, split as ``classify`` does.

    Texts in other languages than those of the labels are left out, and sentences that a labelled
    set would not take: too long, or with control characters.

    Raises
    ------
    InputError
        If the file cannot be read at all.
    """
    found: dict[str, PoolSentence] = {}
    for number, text in _texts(open_source(path, text_column, delimiter, encoding)):
        language = classifier.identify(text)
        if language not in classifier.taxonomy.languages:
            continue
        for start, end in split_sentences(text, language):
            # A line that was wrapped goes on.
            sentence = " ".join(text[start:end].split())
            if not text_problems(sentence):
                passage = f"{path.stem}-{number}"
                found.setdefault(sentence, PoolSentence(sentence, language, passage))
    return list(found.values())


def _texts(source: Source) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of the rows that hold one."""
    for chunk in source.chunks:
        refuse_other_encoding(source.path, chunk)
        for index, line in enumerate(chunk.lines):
            if index in chunk.problems:
                continue
            text = chunk.texts[index]
            try:
                check_text(text)
            except TextError:
                continue
            yield line, text
