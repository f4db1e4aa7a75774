"""From what a request asks to a prediction, for every door that takes texts."""

from starlette.concurrency import run_in_threadpool

from service import metrics, requests
from service.classifier import Classifier
from service.models import Models
from service.prediction import Prediction
from service.schemas import ClassifyRequest
from service.settings import Settings
from service.texts import TextError

INLINE_CHARACTERS = 4000
"""Texts up to this length, in code points, are answered on the event loop: a few milliseconds.

Handing a text to a thread costs more than a short text itself, but a long one must not keep the
health checks waiting.
"""


async def answer(
    content: object, models: Models, classifier: Classifier, settings: Settings
) -> Prediction:
    """Classify what ``content`` asks for, in the form of ``ClassifyRequest``, and count it.

    ``classifier`` is one of ``models``, chosen by the caller: a batch keeps to one.

    Raises
    ------
    ProblemError
        Naming the field and what was expected.
    """
    prediction = await _classify(classifier, _parse_item(content, settings))
    models.observe(prediction)
    metrics.count_prediction(prediction)
    return prediction


def _parse_item(content: object, settings: Settings) -> ClassifyRequest:
    """Return the checked request; its text is neither blank nor too long."""
    item = requests.validate(ClassifyRequest, content)
    if not item.text.strip():
        raise requests.field_problem("text", "blank", "text is empty or blank")
    if len(item.text) > settings.max_text_characters:
        limit = settings.max_text_characters
        detail = f"text has {len(item.text)} characters, at most {limit} are taken"
        raise requests.field_problem("text", "too_long", detail)
    return item


async def _classify(classifier: Classifier, item: ClassifyRequest) -> Prediction:
    def predict() -> Prediction:
        classify = classifier.classify_sentence if item.unit == "sentence" else classifier.classify
        return classify(item.text, id=item.id, language=item.language, evidence=item.evidence)

    try:
        cost = len(item.text) * (10 if item.evidence else 1)
        return predict() if cost <= INLINE_CHARACTERS else await run_in_threadpool(predict)
    except TextError as error:
        raise requests.field_problem("text", "unreadable", str(error)) from None
