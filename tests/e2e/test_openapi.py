"""The API answers whatever comes as its description says: no fault of ours, no status and no shape beside it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from requests import Session
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from darkroom import Client, upload_files
from tests.cloud import ROOT
from tests.pictures import photo
from tools.stack import Stack

DOCUMENT = json.loads((ROOT / "functions" / "console" / "openapi.json").read_text())
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]
EVERY_OPERATION = pytest.mark.parametrize(
    "operation", OPERATIONS, ids=lambda found: found.definition.raw["operationId"]
)

Send = Callable[..., int | None]


@pytest.fixture(scope="module")
def existing(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Path parameters that name something."""
    folder = tmp_path_factory.mktemp("described")
    (folder / "photo.jpg").write_bytes(photo())
    with Client(stack.api_url, stack.tenant_key) as client:
        report = upload_files(client, [folder], "described")
        job = next(client.list_jobs("described"))
    names = {"project": "described", "task_id": "t00000", "preset": "card", "name": stack.tenant}
    return names | {"job_id": job.job_id, "asset_id": report.verdicts[0].asset_id or ""}


@pytest.fixture(scope="module")
def send(stack: Stack) -> Send:
    session = Session()

    def send_case(case: Any, key: str | None) -> int | None:
        """The status, or None where no function was asked."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = case.call(base_url=stack.api_url, session=session, headers=headers, allow_redirects=False, timeout=60)
        if is_of_the_gateway(answer):
            return None
        case.validate_response(answer, checks=CHECKS)
        return int(answer.status_code)

    return send_case


def is_of_the_gateway(answer: Any) -> bool:
    """The gateway answers by itself what leads to no function, and its authorizer's no; its words are not ours."""
    try:
        return {name.lower() for name in answer.json()} == {"message"}
    except ValueError:
        return False


def send_some(operation: Any, count: int, send: Callable[[Any], Any]) -> None:
    @settings(
        max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        send(data.draw(operation.as_strategy()))

    run()


@EVERY_OPERATION
def test_route_answers_as_described(stack: Stack, send: Send, existing: dict[str, str], operation: Any) -> None:
    def send_twice(case: Any) -> None:
        send(case, stack.admin_key)
        if case.path_parameters:
            case.path_parameters = {name: existing.get(name, value) for name, value in case.path_parameters.items()}
            send(case, stack.tenant_key)

    send_some(operation, 4, send_twice)


@EVERY_OPERATION
def test_route_that_needs_a_key_does_nothing_without(send: Send, operation: Any) -> None:
    def send_without(case: Any) -> None:
        status = send(case, None)
        assert status in {401, None} or not operation.definition.raw["security"]

    send_some(operation, 1, send_without)
