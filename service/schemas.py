"""What the service accepts and what it answers besides a prediction."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from service.prediction import ModelName, Prediction

EXAMPLE_TEXT = (
    "The Chinese port brings jobs, the minister said. The United States only lectures us."
)

Text = Annotated[
    str,
    Field(
        description="One or many sentences, not blank.",
        examples=[EXAMPLE_TEXT],
        json_schema_extra={"pattern": r"\S"},  # told here, checked with a clearer message
    ),
]
Id = Annotated[
    str | None, Field(max_length=200, description="Returned as it is.", examples=["article-17"])
]
Language = Annotated[
    str | None,
    Field(
        pattern=r"^[a-z]{2,3}$",
        description="ISO 639 code of the text; without it the language is identified.",
        examples=["en"],
    ),
]
Evidence = Annotated[
    bool,
    Field(
        description="Explain every score by spans and terms that sum to it, and show the nearest "
        "labelled sentences.",
        examples=[False],
    ),
]


class _Request(BaseModel):
    # Strict: a number is no text. Unknown fields are refused: a misspelt option must not be lost.
    model_config = ConfigDict(extra="forbid", strict=True)


class ClassifyRequest(_Request):
    """A text to classify."""

    text: Text
    id: Id = None
    language: Language = None
    evidence: Evidence = False


class BatchRequest(_Request):
    """Texts to classify, each like a request to ``POST /classify``.

    The items are checked one by one, so that a bad one never loses the others.
    """

    items: Annotated[
        list[Any],
        Field(
            min_length=1,
            description="Objects with the fields of POST /classify.",
            examples=[[{"text": EXAMPLE_TEXT, "id": "article-17"}]],
        ),
    ]


class FieldError(BaseModel):
    """One thing that is wrong with a request: where, which kind, what was expected."""

    field: Annotated[str, Field(examples=["text"])]
    type: Annotated[str, Field(examples=["missing"])]
    message: Annotated[str, Field(examples=["Field required"])]


class Problem(BaseModel):
    """An error after RFC 9457. Never repeats the text back."""

    type: Annotated[str, Field(examples=["about:blank"])] = "about:blank"
    title: Annotated[str, Field(examples=["Unprocessable Content"])]
    status: Annotated[int, Field(examples=[422])]
    detail: Annotated[str, Field(examples=["1 field is wrong: text (missing)"])]
    errors: Annotated[
        list[FieldError], Field(description="Empty if no single field is at fault.")
    ] = []


class BatchItem(BaseModel):
    """The answer to one item: a prediction, or the problem with it."""

    id: Annotated[str | None, Field(description="The item's id, if it has a usable one.")]
    prediction: Prediction | None
    problem: Problem | None


class BatchResponse(BaseModel):
    """One result per item, in the order of the items."""

    results: list[BatchItem]


class LabelInfo(BaseModel):
    """A label as people are shown it."""

    id: str
    title: str
    definition: str
    color: str
    rules: Annotated[list[int], Field(description="Numbers of the codebook's rules for it.")]


class TaxonomyResponse(BaseModel):
    """The taxonomy; the order of the labels is that of every answer."""

    name: str
    labels: list[LabelInfo]
    languages: Annotated[list[str], Field(description="Languages in which labels are given.")]


class ModelResponse(BaseModel):
    """The public part of the model's manifest."""

    name: str
    version: Annotated[str, Field(description="Cite this.")]
    format: int
    labels: list[str]
    thresholds: dict[str, float]
    calibration: dict[str, Any]
    features: dict[str, Any]
    training: dict[str, Any]
    libraries: dict[str, str]
    metrics: dict[str, Any]
    refused: Annotated[
        bool,
        Field(description="Whether the folder holds an artifact that was refused; see the log."),
    ]


class Reloaded(BaseModel):
    """The model in service after its folder was read again."""

    model: ModelName
    replaced: Annotated[bool, Field(description="Whether it is another one than before.")]


class LabelFlips(BaseModel):
    """Sentences to which one of two models gives a label."""

    gained: Annotated[int, Field(description="Sentences that only the shadow gives the label.")] = 0
    lost: Annotated[int, Field(description="Sentences that only the model gives the label.")] = 0


class ShadowComparison(BaseModel):
    """What one process has seen of two models since one of them was put in service."""

    model: ModelName
    shadow: ModelName
    sentences: Annotated[int, Field(description="Sentences labelled by both.")] = 0
    differing: Annotated[int, Field(description="Those whose labels differ.")] = 0
    dropped: Annotated[int, Field(description="Sentences left out because too many waited.")] = 0
    flips: Annotated[dict[str, LabelFlips], Field(description="By label id.")] = {}


class Health(BaseModel):
    """The state of the service."""

    status: Annotated[str, Field(examples=["ready"])]
