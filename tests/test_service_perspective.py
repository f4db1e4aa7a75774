"""The Perspective-shaped door, called by Google's own client library and by hand."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from googleapiclient import discovery
from googleapiclient.errors import HttpError
from httplib2 import Http
from starlette.testclient import TestClient

from service.app import create_app
from service.classifier import Classifier
from service.keys import add_key
from service.settings import Settings
from tests.servers import Server, running

PATH = "/v1alpha1/comments:analyze"
TEXT = "The port brings jobs. Washington only sends warnings."
SECRET = "Kolibri-7391"


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("perspective") / "keys.json"


@pytest.fixture(scope="module")
def key(key_file: Path) -> str:
    return add_key(key_file, "moderation", ["classify"], "1000/minute")


@pytest.fixture(scope="module")
def server(tiny_artifact: Path, key_file: Path, key: str) -> Iterator[Server]:
    with running(tiny_artifact, key_file.with_name("log"), keys=key_file) as server:
        yield server


@contextmanager
def google_client(server: Server, key: str) -> Iterator[Any]:
    http = Http()
    try:
        yield discovery.build(
            "commentanalyzer",
            "v1alpha1",
            http=http,
            developerKey=key,
            discoveryServiceUrl=server.url + "/$discovery/rest?version=v1alpha1",
            static_discovery=False,
            cache_discovery=False,
        )
    finally:
        http.close()


def body(text: str = TEXT, **fields: Any) -> dict[str, Any]:
    return {"comment": {"text": text}, "requestedAttributes": {"US_CRITICAL": {}}} | fields


def test_googles_client_needs_only_another_address(
    server: Server, key: str, classifier: Classifier
) -> None:
    attributes = {"US_CRITICAL": {}, "pro_china_engagement": {"scoreType": "PROBABILITY"}}
    request = body(requestedAttributes=attributes, languages=["en"], doNotStore=True)
    with google_client(server, key) as client:
        answer = client.comments().analyze(body=request | {"clientToken": "t-1"}).execute()
    sentences = classifier.classify(TEXT).sentences
    for name in attributes:
        scores = [sentence.scores[name.lower()] for sentence in sentences]
        answered = answer["attributeScores"][name]
        spans = [(s["begin"], s["end"], s["score"]["value"]) for s in answered["spanScores"]]
        assert spans == [(s.start, s.end, x) for s, x in zip(sentences, scores, strict=True)]
        assert answered["summaryScore"] == {"value": max(scores), "type": "PROBABILITY"}
    assert answer["languages"] == answer["detectedLanguages"] == ["en"]
    assert answer["clientToken"] == "t-1"


@pytest.mark.parametrize(
    ("request_body", "status", "reason"),
    [
        (body(" "), 400, "text is empty or blank"),
        (body(requestedAttributes={"TOXICITY": {}}), 400, "expected some of"),
        (body(languages=["ja"]), 400, "does not support request languages: ja"),
        (body(surprise=1), 400, "surprise"),
    ],
)
def test_googles_client_understands_our_errors(
    server: Server, key: str, request_body: dict[str, Any], status: int, reason: str
) -> None:
    with google_client(server, key) as client, pytest.raises(HttpError) as caught:
        client.comments().analyze(body=request_body).execute()
    assert caught.value.status_code == status
    assert reason in caught.value.reason


def test_googles_client_is_told_that_its_key_is_wrong(server: Server) -> None:
    with pytest.raises(HttpError) as caught, google_client(server, "stance_00000000_wrong"):
        pass
    assert caught.value.status_code == 401
    assert "not known" in caught.value.reason


def assert_error(response: Any, code: int, status: str) -> list[dict[str, Any]]:
    """Check the shape of an error and return its details."""
    assert response.status_code == code
    assert response.headers["content-type"] == "application/json"
    assert SECRET not in response.text
    error = response.json()["error"]
    assert (error["code"], error["status"]) == (code, status)
    assert error["message"]
    details: list[dict[str, Any]] = error["details"]
    return details


@pytest.mark.parametrize(
    ("content", "code", "status"),
    [
        (SECRET.encode(), 400, "INVALID_ARGUMENT"),
        (b"{}", 400, "INVALID_ARGUMENT"),
        (json.dumps(body(SECRET, languages=[SECRET])).encode(), 400, "INVALID_ARGUMENT"),
        (json.dumps(body(requestedAttributes={SECRET: {}})).encode(), 400, "INVALID_ARGUMENT"),
        (json.dumps(body(requestedAttributes={})).encode(), 400, "INVALID_ARGUMENT"),
        (json.dumps(body(SECRET * 1000)).encode(), 400, "INVALID_ARGUMENT"),
        (json.dumps(body(SECRET * 10_000)).encode(), 413, "INVALID_ARGUMENT"),
        (b'{"comment": {"text": "\\ud800"}}', 400, "INVALID_ARGUMENT"),
    ],
)
def test_every_error_has_that_apis_shape_and_repeats_nothing(
    client: TestClient, content: bytes, code: int, status: str
) -> None:
    assert_error(client.post(PATH, content=content), code, status)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("requestedAttributes", {f"A{n}": {} for n in range(101)}),
        ("requestedAttributes", {"US_CRITICAL": {}, "us_critical": {}}),
        ("requestedAttributes.US_CRITICAL", {f"a{n}": 0 for n in range(101)}),
        ("comment", {"text": TEXT} | {f"a{n}": 0 for n in range(100)}),
        ("languages", ["xx"] * 101),
        ("clientToken", "x" * 1001),
    ],
)
def test_what_is_looped_over_or_echoed_is_bounded(
    client: TestClient, field: str, value: object
) -> None:
    name, _, label = field.partition(".")
    content = body(**{name: {label: value} if label else value})
    (detail,) = assert_error(client.post(PATH, json=content), 400, "INVALID_ARGUMENT")
    (violation,) = detail["fieldViolations"]
    assert violation["field"] == field


def test_other_methods_and_paths_have_it_too(client: TestClient) -> None:
    assert_error(client.get(PATH), 405, "NOT_FOUND")
    assert_error(client.post("/v1alpha1/comments:suggestscore"), 404, "NOT_FOUND")


def test_without_a_key_or_beyond_its_rate_it_says_so(tiny_artifact: Path, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key = add_key(path, "slow", ["classify"], "1/day")
    with TestClient(create_app(Settings(model=tiny_artifact, keys=path))) as client:
        assert_error(client.post(PATH, json=body()), 401, "UNAUTHENTICATED")
        assert client.post(f"{PATH}?key={key}", json=body()).status_code == 200
        response = client.post(f"{PATH}?key={key}", json=body())
        assert_error(response, 429, "RESOURCE_EXHAUSTED")
        assert response.headers["retry-after"]


def test_an_unsupported_language_names_language_and_attribute(client: TestClient) -> None:
    response = client.post(PATH, json=body("東京の港は新しい。今日は天気がとても良いです。"))
    (detail,) = assert_error(response, 400, "INVALID_ARGUMENT")
    assert detail["errorType"] == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"
    told = detail["languageNotSupportedByAttributeError"]
    assert told == {"detectedLanguages": ["ja"], "attribute": "US_CRITICAL"}


def test_a_threshold_leaves_out_what_is_below_it(client: TestClient) -> None:
    attributes = {"US_CRITICAL": {"scoreThreshold": 1.0}, "SECURITY_ALARM": {"scoreThreshold": 0}}
    answer = client.post(PATH, json=body(requestedAttributes=attributes)).json()
    assert list(answer["attributeScores"]) == ["SECURITY_ALARM"]


def test_a_client_that_names_no_content_type_is_served(client: TestClient) -> None:
    response = client.post(PATH, content=json.dumps(body()))
    assert response.status_code == 200


def test_the_body_is_documented(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    body = document["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/AnalyzeRequest"}
    assert document["components"]["schemas"]["Comment"]["required"] == ["text"]
