"""The answer, as data: what ``POST /classify`` sends and ``Classifier.classify`` returns.

The same keys are always present. All offsets are half-open, in Unicode code points of the text
that was given: ``text[start:end]`` is the sentence or the span. Nothing changes an answer once it
is made; the classes are not frozen because that would make them take three times as long to make.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from pydantic import ConfigDict, Field

from labels.world import Reason

Start = Annotated[int, Field(description="First code point, counted from 0.", examples=[0])]
End = Annotated[int, Field(description="Code point after the last one.", examples=[42])]
LabelIds = Annotated[
    tuple[str, ...],
    Field(
        description="Label ids in taxonomy order; empty for no label.", examples=[["us_critical"]]
    ),
]
LabelId = Annotated[str, Field(description="A label id of GET /labels.", examples=["us_critical"])]


@dataclass(slots=True)
class ModelName:
    """Which model answered. The version changes whenever an answer could."""

    name: Annotated[str, Field(examples=["stance"])]
    version: Annotated[str, Field(description="Cite this.", examples=["1-4f0c2d9ab3e1"])]


@dataclass(slots=True)
class SpanEvidence:
    """A stretch of text and what it adds to the logit of a label."""

    start: Start
    end: End
    text: Annotated[str, Field(examples=["only sends warnings"])]
    contribution: Annotated[float, Field(description="In logits; negative speaks against it.")]


@dataclass(slots=True)
class TermEvidence:
    """A term of the model and what it adds to the logit of a label."""

    family: Annotated[str, Field(description="Which kind of term.", examples=["pair"])]
    term: Annotated[str, Field(examples=["us > threat"])]
    contribution: Annotated[float, Field(description="In logits; negative speaks against it.")]


@dataclass(slots=True)
class LabelEvidence:
    """Why a label's score is what it is.

    ``intercept`` and the contributions of all ``spans`` sum to ``logit``; so do ``intercept`` and
    those of all ``terms``.
    """

    label: LabelId
    logit: Annotated[float, Field(description="The score is 1 / (1 + exp(-logit)).")]
    intercept: Annotated[float, Field(description="The logit of a sentence without known terms.")]
    spans: Annotated[tuple[SpanEvidence, ...], Field(description="Largest contribution first.")]
    terms: Annotated[tuple[TermEvidence, ...], Field(description="Largest contribution first.")]


@dataclass(slots=True)
class NearestSentence:
    """A sentence of the labelled set that is like the one asked about."""

    id: Annotated[str, Field(examples=["en3-14-2"])]
    text: str
    labels: LabelIds
    rules: Annotated[
        tuple[int, ...], Field(description="Rules of the codebook for its labels, by number.")
    ]
    similarity: Annotated[float, Field(description="Cosine of word and concept terms, 0 to 1.")]


@dataclass(slots=True)
class SentencePrediction:
    """One sentence with its labels and the calibrated probability of every label."""

    start: Start
    end: End
    text: str
    labels: LabelIds
    scores: Annotated[
        dict[str, float],
        Field(
            description="Calibrated probability of every label.", examples=[{"us_critical": 0.62}]
        ),
    ]
    possible: Annotated[
        tuple[str, ...],
        Field(
            description="Labels that it can carry at all, whatever its scores.",
            examples=[["us_critical"]],
        ),
    ]
    known: Annotated[float, Field(description="Share of its words that the model knows.")]
    reason: Annotated[
        Reason | None,
        Field(
            description="Why it gets no label whatever its scores: it is outside the model's "
            "world, or names nobody whom a label is about. Null if its scores decide."
        ),
    ]
    uncertain: Annotated[
        bool,
        Field(description="Whether for a label the other answer is possible, too (conformal)."),
    ]
    evidence: Annotated[
        tuple[LabelEvidence, ...],
        Field(description='One entry a label with "evidence": true, else empty.'),
    ]
    nearest: Annotated[
        tuple[NearestSentence, ...],
        Field(description='The most alike labelled sentences with "evidence": true, else empty.'),
    ]


Judgement = tuple[tuple[str, ...], dict[str, float], tuple[str, ...], float, Reason | None, bool]
"""What is decided for a sentence: ``labels`` to ``uncertain`` of ``SentencePrediction``."""


@dataclass(slots=True)
class Summary:
    """How many sentences there are, and how many of them, and what share, carry each label."""

    sentences: int
    counts: dict[str, int]
    shares: dict[str, float]


@dataclass(slots=True)
class Notice:
    """Something the caller should know about the answer."""

    code: Literal["language_unsupported", "language_undetermined", "no_sentence"]
    detail: str


@dataclass(slots=True)
class Prediction:
    """The answer to one text. ``labels`` are those that at least one sentence carries."""

    # Only its description needs a schema, which is compiled for whoever asks for it.
    __pydantic_config__ = ConfigDict(defer_build=True)

    id: Annotated[str | None, Field(description="The caller's id, null if none was sent.")]
    model: ModelName
    language: Annotated[
        str,
        Field(
            description="ISO 639 code, zxx for no language, und if undetermined.", examples=["en"]
        ),
    ]
    labels: LabelIds
    summary: Summary
    sentences: tuple[SentencePrediction, ...]
    notices: tuple[Notice, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts and lists, equal to the JSON that the service sends."""
        content: dict[str, Any] = orjson.loads(self.to_json())
        return content

    def to_json(self) -> bytes:
        """Return the JSON that the service sends, UTF-8."""
        return orjson.dumps(self)
