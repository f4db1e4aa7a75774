"""Metrics: true for one worker and for several, labelled with nothing that a caller writes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from service.app import create_app
from service.classifier import Classifier
from service.settings import Settings
from tests.conftest import ROOT
from tests.servers import PATIENCE, Server, running, until

TEXT = "Washington only sends warnings. x = [1, 2, 3]; The port brings jobs."
Samples = dict[tuple[str, ...], float]


def samples(content: str) -> Samples:
    """Return each value under its name and its labels' values, in the order of their names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(content)
        for sample in family.samples
    }


def difference(before: Samples, after: Samples) -> Samples:
    return {
        name: value - before.get(name, 0)
        for name, value in after.items()
        if name[0].startswith("stance_") and value != before.get(name, 0)
    }


@pytest.fixture(scope="module", params=[1, 2], ids=["one-worker", "two-workers"])
def server(
    request: pytest.FixtureRequest, tiny_artifact: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("metrics") / "log"
    with running(tiny_artifact, log, workers=request.param) as server:
        yield server


def test_every_request_is_counted_whoever_answers(server: Server) -> None:
    before = samples(server.get("/metrics").text)
    for _ in range(20):  # each over a new connection, which any worker may take
        assert server.classify(TEXT).status_code == 200
    server.get("/nothing")

    def counted() -> Samples:
        return difference(before, samples(server.get("/metrics").text))

    # An exchange is counted after its answer was sent.
    until(lambda: ("stance_requests_total", "", "(none)", "404") in counted(), "the last request")
    for _ in range(5):
        found = counted()
        assert found["stance_requests_total", "", "/classify", "200"] == 20
        assert found["stance_request_seconds_count", "/classify"] == 20
        assert found["stance_requests_total", "", "(none)", "404"] == 1


def test_what_became_of_the_sentences_is_counted(server: Server, classifier: Classifier) -> None:
    before = samples(server.get("/metrics").text)
    server.classify(TEXT)
    prediction, version = classifier.classify(TEXT), classifier.model.version
    found = difference(before, samples(server.get("/metrics").text))
    assert found["stance_texts_total", version] == 1
    assert found["stance_sentences_total", version] == len(prediction.sentences)
    given = {label: n for label, n in prediction.summary.counts.items() if n}
    assert given == {n[1]: v for n, v in found.items() if n[0] == "stance_labels_total"}
    reasons = [s.reason for s in prediction.sentences if s.reason]
    outside = {n[1]: v for n, v in found.items() if n[0] == "stance_sentences_outside_total"}
    assert outside == {reason: reasons.count(reason) for reason in set(reasons)}
    assert sum(s.uncertain for s in prediction.sentences) == found.get(
        ("stance_sentences_uncertain_total",), 0
    )


def test_the_model_in_service_is_named(server: Server, classifier: Classifier) -> None:
    found = samples(server.get("/metrics").text)
    model = classifier.model
    assert found["stance_model_info", model.name, model.version] == 1


def test_a_batch_counts_each_text_that_was_classified(client: TestClient) -> None:
    before = samples(client.get("/metrics").text)
    client.post("/classify/batch", json={"items": [{"text": "Trade grew."}] * 3 + [{"text": " "}]})
    found = difference(before, samples(client.get("/metrics").text))
    assert [value for name, value in found.items() if name[0] == "stance_texts_total"] == [3]


def test_off_means_that_there_is_nothing(tiny_artifact: Path) -> None:
    settings = Settings(model=tiny_artifact, metrics="off")
    with TestClient(create_app(settings)) as client:
        assert client.get("/metrics").status_code == 404
        assert client.post("/classify", json={"text": "Trade grew."}).status_code == 200


@pytest.fixture(scope="module")
def names(server: Server) -> set[str]:
    httpx2.post(server.url + "/classify", json={"text": TEXT}, timeout=PATIENCE)
    return {name[0] for name in samples(server.get("/metrics").text)}


@pytest.mark.parametrize("file", ["dashboard.json", "alerts.yml"])
def test_the_files_for_operators_name_metrics_that_exist(names: set[str], file: str) -> None:
    content = (ROOT / "ops" / file).read_text(encoding="utf-8")
    named = set(re.findall(r"\bstance_\w+", content))
    assert named
    assert named <= names


def test_the_dashboard_is_one_that_grafana_can_read() -> None:
    dashboard = json.loads((ROOT / "ops" / "dashboard.json").read_text(encoding="utf-8"))
    assert {"title", "uid", "schemaVersion", "panels", "templating"} <= dashboard.keys()
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(target["expr"] for target in panel["targets"])
