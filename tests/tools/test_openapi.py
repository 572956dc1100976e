"""The API's description is that of the code, and what it gives as examples is valid."""

import json
import subprocess
import sys
from itertools import chain
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

import shared.schemas
from shared.errors import NotReady
from shared.rest import problem
from tests.test_docs import README, ROOT
from tools.openapi.page import render
from tools.openapi.spec import GATEWAY_CODES, ROW, kinds_of

DOCUMENT: dict[str, Any] = json.loads((ROOT / "functions" / "console" / "openapi.json").read_text())
SHAPES = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
EVERY_OPERATION = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda found: found["operationId"])


def codes(operation: dict[str, Any], status: int) -> set[str]:
    return set(operation["responses"][str(status)]["content"]["application/problem+json"]["examples"])


def scopes(operation: dict[str, Any]) -> list[str]:
    return [scope for choice in operation["security"] for scope in choice["key"]] or [""]


def test_description_and_page_are_current() -> None:
    command = [sys.executable, "-m", "tools.openapi", "--check"]

    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert checked.stderr == ""


def test_every_route_needs_the_scope_that_the_readme_says() -> None:
    needed = {(method, path): scope for method, path, scope, _ in ROW.findall(README)}

    wrong = [route for route, found in OPERATIONS.items() if needed[route] not in scopes(found)]

    assert wrong == []


def test_operations_have_names_of_their_own() -> None:
    assert len({found["operationId"] for found in OPERATIONS.values()}) == len(OPERATIONS)


@EVERY_OPERATION
def test_operation_that_needs_a_key_says_what_becomes_of_a_bad_one(operation: dict[str, Any]) -> None:
    refusals = {status for status in ("401", "403") if status in operation["responses"]}

    assert refusals == ({"401", "403"} if operation["security"] else set())
    assert operation["description"]


def test_errors_come_from_wherever_the_code_goes() -> None:
    assert codes(OPERATIONS["POST", "/v1/projects/{project}/analytics/start-quality-job"], 409) >= {"job_active"}
    assert codes(OPERATIONS["GET", "/v1/assets/{asset_id}/renditions/{preset}"], 409) == {
        "not_ready",
        "rendition_failed",
    }
    assert codes(OPERATIONS["GET", "/v1/jobs/{job_id}"], 410) == {"expired"}
    assert codes(OPERATIONS["POST", "/v1/assets/{asset_id}/compare"], 422) >= {"too_many_pixels", "truncated_image"}
    assert "409" not in OPERATIONS["GET", "/v1/assets/{asset_id}"]["responses"]


def test_problem_takes_every_code() -> None:
    assert set(SHAPES["Problem"]["properties"]["code"]["enum"]) == {
        *(kind.code for kind in kinds_of()),
        *chain(*GATEWAY_CODES.values()),
    }


def test_problem_is_what_is_answered() -> None:
    answered = json.loads(problem(NotReady(3)).body or "")

    Draft202012Validator(SHAPES["Problem"] | {"additionalProperties": False}).validate(answered)


@pytest.mark.parametrize("name", [name for name in SHAPES if hasattr(shared.schemas, name)])
def test_example_of_a_shape_is_one(name: str) -> None:
    TypeAdapter(getattr(shared.schemas, name)).validate_python(SHAPES[name]["examples"][0])


@pytest.mark.parametrize("name", SHAPES)
def test_shape_is_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(SHAPES[name])


def test_page_has_every_operation_and_no_markup_of_the_words() -> None:
    page = render(DOCUMENT)

    assert [found["operationId"] for found in OPERATIONS.values() if f'id="{found["operationId"]}"' not in page] == []
    assert "<key>" not in page
    assert "<script" not in page
