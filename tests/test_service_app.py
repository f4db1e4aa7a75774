"""The HTTP service: shapes, limits, and errors that never repeat the text or become a 500."""

import gc
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from service.answers import INLINE_CHARACTERS
from service.app import create_app
from service.classifier import Classifier
from service.prediction import Prediction
from service.schemas import BatchResponse, ModelResponse, TaxonomyResponse
from service.settings import Settings
from tests.conftest import ROOT

SECRET = "Kolibri-7391"
JSON = {"content-type": "application/json"}


def assert_problem(response: Any, status: int) -> dict[str, Any]:
    """Check the shape that every error has and that it repeats nothing."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert SECRET not in response.text
    problem: dict[str, Any] = response.json()
    assert set(problem) == {"type", "title", "status", "detail", "errors"}
    assert problem["status"] == status
    return problem


def test_an_article_is_answered_as_the_classifier_answers(
    client: TestClient, classifier: Classifier
) -> None:
    text = "The port brings jobs. 😀 Washington only sends warnings.\nTrade grew."
    response = client.post("/classify", json={"text": text, "id": "a-1", "evidence": True})
    assert response.status_code == 200
    assert response.json() == classifier.classify(text, id="a-1", evidence=True).to_dict()
    TypeAdapter(Prediction).validate_json(response.content)


def test_the_same_keys_are_always_present(client: TestClient) -> None:
    plain = client.post("/classify", json={"text": "Trade grew."}).json()
    full = client.post(
        "/classify", json={"text": "Trade grew.", "id": "x", "language": "en", "evidence": True}
    ).json()
    assert plain.keys() == full.keys()
    assert plain["sentences"][0].keys() == full["sentences"][0].keys()


def test_a_sentence_is_not_split_again(client: TestClient, classifier: Classifier) -> None:
    text = "The port brings jobs. Washington only sends warnings."
    answer = client.post("/classify", json={"text": text, "unit": "sentence"}).json()
    assert answer == classifier.classify_sentence(text).to_dict()
    assert answer["summary"]["sentences"] == 1


def test_a_long_text_is_answered_whole(client: TestClient) -> None:
    text = "Washington only sends warnings. " * 200
    assert len(text) > INLINE_CHARACTERS
    answer = client.post("/classify", json={"text": text}).json()
    assert answer["summary"]["sentences"] == 200


BAD_BODIES = [
    pytest.param(b'{"text": "%s \\ud800"}', 400, id="lone-surrogate"),
    pytest.param(b'{"text": "%s", "id": "\\udfff"}', 400, id="lone-surrogate-elsewhere"),
    pytest.param(b'{"text": "%s", "id": NaN}', 400, id="nan"),
    pytest.param(b'{"text": "%s", "id": 1e999}', 400, id="infinite"),
    pytest.param(b'{"text": "%s \xff"}', 400, id="invalid-utf8"),
    pytest.param(b'{"text": "%s', 400, id="cut-off"),
    pytest.param(b"%s", 400, id="no-json"),
    pytest.param(b"", 400, id="empty"),
    pytest.param(b"[" * 100_00 + b"%s", 400, id="deeply-nested"),
    pytest.param(b'{"a":' * 5000 + b'"%s"' + b"}" * 5000, 400, id="deeply-nested-objects"),
    pytest.param(b'["%s"]', 422, id="list"),
    pytest.param(b'"%s"', 422, id="string"),
    pytest.param(b"null", 422, id="null"),
    pytest.param(b'{"id": "%s"}', 422, id="missing-text"),
    pytest.param(b'{"text": ["%s"]}', 422, id="text-list"),
    pytest.param(b'{"text": 5, "id": "%s"}', 422, id="text-number"),
    pytest.param(b'{"text": null, "id": "%s"}', 422, id="text-null"),
    pytest.param(b'{"text": " \\n\\t", "id": "%s"}', 422, id="blank"),
    pytest.param(b'{"text": "%s", "evidence": "yes"}', 422, id="evidence-string"),
    pytest.param(b'{"text": "%s", "id": 5}', 422, id="id-number"),
    pytest.param(b'{"text": "%s", "unit": "word"}', 422, id="unit"),
    pytest.param(b'{"text": "a", "id": "' + b"%s" * 50 + b'"}', 422, id="id-long"),
    pytest.param(b'{"text": "%s", "language": "Spanish"}', 422, id="language"),
    pytest.param(b'{"text": "a", "%s is unknown": 1}', 422, id="unknown-field"),
    pytest.param(b'{"text": "' + b"%s " * 1000 + b'"}', 422, id="over-long"),
]


@pytest.mark.parametrize("path", ["/classify", "/classify/batch"])
@pytest.mark.parametrize(("body", "status"), BAD_BODIES)
def test_a_bad_body_is_a_problem_and_never_a_500(
    client: TestClient, path: str, body: bytes, status: int
) -> None:
    body = body.replace(b"%s", SECRET.encode())
    assert_problem(client.post(path, content=body, headers=JSON), status)


def test_a_body_of_ten_megabytes_is_refused(client: TestClient) -> None:
    body = b'{"text": "' + SECRET.encode() * 800_000 + b'"}'
    problem = assert_problem(client.post("/classify", content=body, headers=JSON), 413)
    assert "50000 bytes" in problem["detail"]


def test_a_body_without_length_is_counted_while_it_arrives(client: TestClient) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(2000):
            yield b" " * 1000

    assert_problem(client.post("/classify", content=endless(), headers=JSON), 413)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_refused(client: TestClient, content_type: str) -> None:
    headers = {"content-type": content_type}
    problem = assert_problem(client.post("/classify", content=b"{}", headers=headers), 415)
    assert "application/json" in problem["detail"]


def test_the_problem_names_the_field_and_what_was_expected(client: TestClient) -> None:
    problem = assert_problem(client.post("/classify", json={"txt": SECRET}), 422)
    assert {(e["field"], e["type"]) for e in problem["errors"]} == {
        ("text", "missing"),
        ("txt", "extra_forbidden"),
    }


def test_the_limit_on_text_counts_code_points_and_is_inclusive(client: TestClient) -> None:
    assert client.post("/classify", json={"text": "😀" * 10_000}).status_code == 200
    problem = assert_problem(client.post("/classify", json={"text": "😀" * 10_001}), 422)
    assert "10001 characters, at most 10000" in problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/classify", 405)]
)
def test_wrong_paths_and_methods_are_problems(
    client: TestClient, method: str, path: str, status: int
) -> None:
    assert_problem(client.request(method, path), status)


def test_a_bad_item_never_loses_the_others(client: TestClient, classifier: Classifier) -> None:
    items = [
        {"text": "Trade grew.", "id": "good"},
        {"text": " ", "id": "blank"},
        {"txt": SECRET},
        SECRET,
        {"text": "Washington warns."},
    ]
    response = client.post("/classify/batch", json={"items": items})
    assert response.status_code == 200
    assert SECRET not in response.text
    results = BatchResponse.model_validate_json(response.content).results
    assert [r.problem.status if r.problem else 200 for r in results] == [200, 422, 422, 422, 200]
    assert [r.id for r in results] == ["good", "blank", None, None, None]
    expected = classifier.classify("Trade grew.", id="good").to_dict()
    assert response.json()["results"][0]["prediction"] == expected


@pytest.mark.parametrize("items", [[], [{"text": "a"}] * 101])
def test_the_number_of_items_is_limited(client: TestClient, items: list[Any]) -> None:
    assert_problem(client.post("/classify/batch", json={"items": items}), 422)


def test_labels_and_model_are_told(client: TestClient, classifier: Classifier) -> None:
    labels = TaxonomyResponse.model_validate_json(client.get("/labels").content)
    assert tuple(label.id for label in labels.labels) == classifier.taxonomy.ids
    assert labels.labels[0].short == classifier.taxonomy.ids[0].replace("_", " ")
    model = ModelResponse.model_validate_json(client.get("/model").content)
    assert model.version == classifier.model.version
    assert model.scorer == classifier.scorer
    assert "probes" not in client.get("/model").json()
    assert model.curves.keys() == model.thresholds.keys()
    assert model.limits.max_text_characters == 10_000
    assert model.corrections is False


def test_the_intercept_told_is_that_of_the_evidence(client: TestClient) -> None:
    intercepts = client.get("/model").json()["intercepts"]
    answer = client.post("/classify", json={"text": "Trade grew.", "evidence": True}).json()
    told = {e["label"]: e["intercept"] for e in answer["sentences"][0]["evidence"]}
    assert told == intercepts


def test_codebook_and_card_of_the_model_are_told_as_markdown(trained: Classifier) -> None:
    with TestClient(create_app(Settings(model=trained.artifact.path))) as client:
        for path, file in [
            ("/codebook", ROOT / "labels" / "CODEBOOK.md"),
            ("/model/card", ROOT / "MODEL_CARD.md"),
        ]:
            response = client.get(path)
            assert response.headers["content-type"] == "text/markdown; charset=utf-8"
            assert response.content == file.read_bytes()


def test_a_model_of_a_set_without_a_codebook_has_none(client: TestClient) -> None:
    assert_problem(client.get("/codebook"), 404)


def test_a_model_of_ones_own_has_the_card_of_its_training(
    client: TestClient, tiny_artifact: Path
) -> None:
    assert client.get("/model/card").content == (tiny_artifact / "card.md").read_bytes()


def test_the_card_of_another_model_is_not_told(artifact_copy: Path) -> None:
    card = (artifact_copy / "card.md").read_bytes()
    with TestClient(create_app(Settings(model=artifact_copy))) as client:
        (artifact_copy / "card.md").write_text("# Model of tomorrow\n")
        assert client.get("/model/card").content == card


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/"])
def test_who_watches_may_ask_for_the_status_alone(client: TestClient, path: str) -> None:
    assert client.head(path).status_code == 200


def test_health_and_page_and_documentation_answer(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    assert client.get("/health/ready").json() == {"status": "ready"}
    assert client.get("/").text.lower().startswith("<!doctype html>")
    assert client.get("/docs").status_code == 200
    assert "//" not in client.get("/docs").text.replace("</", "").split("<script")[1].split(">")[0]


def test_every_status_is_in_the_openapi_document(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for path in ("/classify", "/classify/batch"):
        operation = document["paths"][path]["post"]
        problems = {"400", "401", "403", "408", "413", "415", "422", "429", "503"}
        assert set(operation["responses"]) == {"200", *problems}
    assert "Prediction" in document["components"]["schemas"]


def test_what_a_body_may_hold_is_in_the_openapi_document(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    body = document["paths"]["/classify"]["post"]["requestBody"]["content"]["application/json"]
    name = body["schema"]["$ref"].rpartition("/")[2]
    assert schemas[name]["additionalProperties"] is False
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert named <= set(schemas)


def test_a_defect_is_a_bare_500_and_the_log_keeps_the_text_out(
    tiny_artifact, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Classifier, text: str, **options: Any) -> Prediction:
        raise RuntimeError(text)

    monkeypatch.setattr(Classifier, "classify", broken)
    with (
        TestClient(create_app(Settings(model=tiny_artifact))) as client,
        caplog.at_level(logging.DEBUG),
    ):
        response = client.post("/classify", json={"text": SECRET})
    assert_problem(response, 500)
    assert "defect: RuntimeError" in caplog.text
    assert SECRET not in caplog.text


def test_requests_leave_no_text_in_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post("/classify", json={"text": SECRET})
        client.post("/classify", content=SECRET, headers=JSON)
    assert SECRET not in caplog.text


def test_unicode_survives_the_round_trip(client: TestClient) -> None:
    text = "Él dijo: «¡Sí!» 中国 😀 \u0000 e\u0301."
    answer = client.post("/classify", content=json.dumps({"text": text}), headers=JSON).json()
    assert "".join(s["text"] for s in answer["sentences"]).replace(" ", "") == text.replace(" ", "")


def test_what_was_there_at_the_start_is_kept_from_the_collector(tiny_artifact: Path) -> None:
    with TestClient(create_app(Settings(model=tiny_artifact))):
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0
