"""Requests made from the OpenAPI document: every route answers what the document promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    negative_data_rejection,
    positive_data_acceptance,
)

from service.app import create_app
from service.settings import Settings
from tests.servers import Server, running

# What the document cannot say: a bad item of a batch gets its own problem in a 200; which
# attributes there are depends on the model; any bytes are not a file that can be read. Two routes
# of one path each know only their own method when they name those allowed.
EXCLUDED = {
    "/classify/batch": [negative_data_rejection],
    "/extract": [positive_data_acceptance],
    "/jobs": [positive_data_acceptance],
    "/jobs/{job_id}": [allow_header_conformance],
    "/v1alpha1/comments:analyze": [positive_data_acceptance],
}

schema = schemathesis.openapi.from_dict(create_app(Settings()).openapi())


@pytest.fixture(scope="module")
def server(tiny_artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tiny_artifact, tmp_path_factory.mktemp("openapi") / "log") as server:
        yield server


@schema.parametrize()
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_route_keeps_what_the_document_promises(case: schemathesis.Case, server: Server) -> None:
    excluded = EXCLUDED.get(case.operation.path, [])
    response = case.call_and_validate(base_url=server.url, excluded_checks=excluded)
    assert response.status_code < 500
