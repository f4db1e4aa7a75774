"""What the service accepts and what it answers besides a prediction."""

from datetime import datetime
from typing import Annotated, Any, Literal

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
        # Told here, checked with a clearer message; five controls are blank to Python alone.
        json_schema_extra={"pattern": r"[^\s\x1c-\x1f\x85]"},
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
Unit = Annotated[
    Literal["text", "sentence"],
    Field(description="A text is split into sentences, a sentence is taken as one."),
]
Evidence = Annotated[
    bool,
    Field(
        description="Explain every score by spans and terms that sum to it, and show the nearest "
        "labelled sentences.",
        examples=[False],
    ),
]


class Schema(BaseModel):
    """A part of a request or an answer."""

    # Compiled when it is first used: most only describe what an answer looks like.
    model_config = ConfigDict(defer_build=True)


class Strict(Schema):
    """A part of a request: a number is no text, and a misspelt option must not be lost."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ClassifyRequest(Strict):
    """A text to classify."""

    text: Text
    id: Id = None
    language: Language = None
    unit: Unit = "text"
    evidence: Evidence = False


class BatchRequest(Strict):
    """Texts to classify, each like a request to ``POST /classify``.

    The items are checked one by one, so that a bad one never loses the others.
    """

    items: Annotated[
        list[Any],
        Field(
            min_length=1,
            description="Objects with the fields of POST /classify.",
            examples=[[{"text": EXAMPLE_TEXT, "id": "article-17"}]],
            json_schema_extra={"items": {"$ref": "#/components/schemas/ClassifyRequest"}},
        ),
    ]


class FieldError(Schema):
    """One thing that is wrong with a request: where, which kind, what was expected."""

    field: Annotated[str, Field(examples=["text"])]
    type: Annotated[str, Field(examples=["missing"])]
    message: Annotated[str, Field(examples=["Field required"])]


class Problem(Schema):
    """An error after RFC 9457. Never repeats the text back."""

    type: Annotated[str, Field(examples=["about:blank"])] = "about:blank"
    title: Annotated[str, Field(examples=["Unprocessable Content"])]
    status: Annotated[int, Field(examples=[422])]
    detail: Annotated[str, Field(examples=["1 field is wrong: text (missing)"])]
    errors: Annotated[
        list[FieldError], Field(description="Empty if no single field is at fault.")
    ] = []


class BatchItem(Schema):
    """The answer to one item: a prediction, or the problem with it."""

    id: Annotated[str | None, Field(description="The item's id, if it has a usable one.")]
    prediction: Prediction | None
    problem: Problem | None


class BatchResponse(Schema):
    """One result per item, in the order of the items."""

    results: list[BatchItem]


class LabelInfo(Schema):
    """A label as people are shown it."""

    id: str
    title: str
    short: Annotated[str, Field(description="A word or two.", examples=["US critical"])]
    definition: str
    color: str
    rules: Annotated[list[int], Field(description="Numbers of the codebook's rules for it.")]


class TaxonomyResponse(Schema):
    """The taxonomy; the order of the labels is that of every answer."""

    name: str
    labels: list[LabelInfo]
    languages: Annotated[list[str], Field(description="Languages in which labels are given.")]
    is_multi_label: Annotated[
        bool, Field(description="Whether a sentence may carry more than one label.")
    ]


class CurvePoint(Schema):
    """What another threshold would give, measured out of fold at the stated prevalence."""

    threshold: float
    precision: float
    recall: float
    given_share: Annotated[float, Field(description="Share of sentences that get the label.")]


class Limits(Schema):
    """What one request may hold."""

    max_text_characters: int
    max_upload_bytes: int
    job_minutes: int


class ModelResponse(Schema):
    """The public part of the model's manifest, and what this service offers with it."""

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
    scorer: Annotated[
        Literal["compiled", "python"],
        Field(description="Both give the same scores; Python where no kernel could be built."),
    ]
    intercepts: Annotated[
        dict[str, float], Field(description="The logit of a sentence without known terms.")
    ]
    curves: Annotated[
        dict[str, list[CurvePoint]],
        Field(description="Per label, in order of threshold; empty for a model of older training."),
    ]
    corrections: Annotated[bool, Field(description="Whether POST /corrections stores.")]
    limits: Limits
    refused: Annotated[
        bool,
        Field(description="Whether the folder holds an artifact that was refused; see the log."),
    ]


class ExtractNotice(Schema):
    """Something that is missing in the text, or more in it than the article."""

    code: Annotated[str, Field(examples=["pages_without_text"])]
    detail: str


class ExtractResponse(Schema):
    """The text of a file, paragraphs separated by a blank line."""

    text: str
    kind: Annotated[str, Field(examples=["pdf"])]
    characters: Annotated[int, Field(description="Length of the text, in code points.")]
    notices: list[ExtractNotice]


class JobStart(Strict):
    """How an uploaded file shall be scored."""

    text_column: Annotated[str, Field(examples=["text"])]
    unit: Unit = "text"
    group_column: Annotated[
        str | None, Field(description="Column of dates or sources to draw a chart over.")
    ] = None


class ChartGroup(Schema):
    """The rows of one month, or of one value of a column."""

    group: Annotated[str, Field(description="Empty for rows without one.", examples=["2024-05"])]
    rows: int
    counts: Annotated[dict[str, int], Field(description="Rows that carry each label.")]


class JobResponse(Schema):
    """A file that was sent to be scored, and how far that has come."""

    id: str
    name: Annotated[str, Field(examples=["posts.csv"])]
    state: Literal["uploaded", "running", "done", "cancelled", "failed"]
    columns: list[str]
    rows: int
    encoding: Annotated[str, Field(description="In which it is read, guessed.", examples=["utf-8"])]
    suggested_column: Annotated[str | None, Field(description="The one that holds the text.")]
    preview: Annotated[list[dict[str, Any]], Field(description="First rows, long values cut.")]
    done: Annotated[int, Field(description="Rows read so far.")] = 0
    share: Annotated[float, Field(description="Part of the rows read so far, 0 to 1.")] = 0.0
    scored: int = 0
    rejected: int = 0
    detail: Annotated[str | None, Field(description="Why it failed.")] = None
    chart_kind: Literal["month", "value"] | None = None
    chart: Annotated[
        list[ChartGroup] | None, Field(description="Months in order, or the most frequent values.")
    ] = None


class CorrectionRequest(Strict):
    """A sentence whose labels are wrong, and the right ones. All of it is stored."""

    text: Annotated[str, Field(description="The sentence.", examples=["The port brings jobs."])]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$", examples=["en"])]
    labels: Annotated[list[str], Field(fail_fast=True, description="The right labels, maybe none.")]
    given: Annotated[
        list[str], Field(fail_fast=True, description="The labels that the model gave.")
    ]
    # The length apart from the pattern: {1,100} of \w takes 40 ms to compile at each start.
    model_version: Annotated[
        str, Field(max_length=100, pattern=r"^[\w.-]+$", examples=["2-419fb29f41f9"])
    ]
    note: Annotated[
        str, Field(max_length=500, pattern=r"^[^\x00]*$", description="For the second reader.")
    ] = ""


class CorrectionResponse(Schema):
    """Under which id, and when, the correction was stored."""

    id: str
    stored_at: Annotated[datetime, Field(description="UTC.")]


class Reloaded(Schema):
    """The model in service after its folder was read again."""

    model: ModelName
    replaced: Annotated[bool, Field(description="Whether it is another one than before.")]


class LabelFlips(Schema):
    """Sentences to which one of two models gives a label."""

    gained: Annotated[int, Field(description="Sentences that only the shadow gives the label.")] = 0
    lost: Annotated[int, Field(description="Sentences that only the model gives the label.")] = 0


class ShadowComparison(Schema):
    """What one process has seen of two models since one of them was put in service."""

    model: ModelName
    shadow: ModelName
    sentences: Annotated[int, Field(description="Sentences labelled by both.")] = 0
    differing: Annotated[int, Field(description="Those whose labels differ.")] = 0
    dropped: Annotated[int, Field(description="Sentences left out because too many waited.")] = 0
    flips: Annotated[dict[str, LabelFlips], Field(description="By label id.")] = {}


class Health(Schema):
    """The state of the service."""

    status: Annotated[str, Field(examples=["ready"])]
