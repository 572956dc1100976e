"""The OpenAPI document of all routes: shapes by the resolver, words from the README, errors from the code."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
from collections.abc import Iterator
from http import HTTPStatus
from itertools import chain
from typing import Any

from aws_lambda_powertools.event_handler import ApiGatewayResolver

from shared.domain.access import Scope
from shared.domain.presets import CONTENT_TYPES
from shared.errors import DarkroomError, Forbidden, InvalidRequest, MissingKey, Transient
from shared.rest import KEY_PROBLEMS, PROBLEM
from shared.schemas import CompareWith
from shared.settings import Settings
from tools.build import ROOT
from tools.openapi.examples import FIELDS, example_of
from tools.openapi.raised import body_of, raised

Document = dict[str, Any]

REFERENCE = "#/components/schemas/"
ROW = re.compile(r"^\| `([A-Z]+) (/[^`?]*)[^`]*` \| ([\w ]*?) ?\| (.*) \|$", re.MULTILINE)
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
UNUSED = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
"""The resolver's own shapes of errors; ours are problem documents."""

ABOUT = """Paths follow the stage of the API, which ends in `/api`. Send `Authorization: Bearer <key>`. Errors are
problem documents (RFC 9457) with a `code`; what belongs to another tenant answers 404."""

HEADERS = {
    HTTPStatus.NOT_MODIFIED: ("ETag", "What the caller has is still so"),
    HTTPStatus.FOUND: ("Location", "A URL on S3 that works for a while; send it no key"),
}
"""Answers without a body, with the header that says it all."""

IMAGE = {"schema": {"type": "string", "format": "binary"}}
BODIES: dict[str, Document] = {
    "post_compare": {
        "required": True,
        "content": {
            **dict.fromkeys(sorted(CONTENT_TYPES), IMAGE),
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
            "application/json": {"schema": {"$ref": f"{REFERENCE}CompareWith"}},
        },
    }
}
"""What a route reads by itself, past the resolver."""


def make() -> Document:
    """The whole document. Functions are imported, with any text for a setting; nothing is called."""
    _set_environment()
    about = {(method, path): words for method, path, _, words in ROW.findall((ROOT / "README.md").read_text())}
    paths: Document = {}
    shapes: Document = {}
    for app in _apps():
        found = json.loads(
            app.get_openapi_schema(title="", openapi_version="3.1.0").model_dump_json(by_alias=True, exclude_none=True)
        )
        shapes |= found.get("components", {}).get("schemas", {})
        for route in _routes(app):
            operation = found["paths"][route.openapi_path][route.method.lower()]
            words = LINK.sub(r"\1", about.get((route.method, route.openapi_path), ""))
            paths.setdefault(route.openapi_path, {})[route.method.lower()] = _operation(operation, route, words)
    for name in UNUSED:
        shapes.pop(name, None)
    shapes |= {"Problem": problem_shape(), "CompareWith": _compare_with()}
    _name_operations(paths)
    _add_examples(paths, shapes)
    document: Document = _whole_numbers(
        {
            "openapi": "3.1.0",
            "info": {"title": "Darkroom", "version": "1", "description": ABOUT},
            "servers": [{"url": ".", "description": "Where this file is served"}],
            "tags": [{"name": name} for name in sorted({_tag(path) for path in paths})],
            "paths": dict(sorted(paths.items())),
            "components": {
                "schemas": dict(sorted(shapes.items())),
                "examples": {kind.code: {"value": _problem_example(kind)} for kind in sorted(kinds_of(), key=_code)},
                "securitySchemes": {
                    "key": {"type": "http", "scheme": "bearer", "description": f"An API key, `{FIELDS['key']}`"}
                },
            },
        }
    )
    return document


GATEWAY_CODES = {
    400: ["bad_request"],
    403: ["access_denied", "no_such_route"],
    429: ["too_many_requests"],
    504: ["timed_out"],
}
"""By status, what API Gateway alone says no with: the template's GatewayResponses."""


def kinds_of(kind: type[DarkroomError] = DarkroomError) -> Iterator[type[DarkroomError]]:
    """The error tree, from a class down."""
    yield kind
    for child in kind.__subclasses__():
        yield from kinds_of(child)


def _code(kind: type[DarkroomError]) -> str:
    return kind.code


def problem_shape() -> Document:
    """What every refusal looks like, with the codes of each status."""
    by_status: dict[int, list[str]] = {}
    for kind in kinds_of():
        by_status.setdefault(kind.status, []).append(kind.code)
    for status, told in GATEWAY_CODES.items():
        by_status.setdefault(status, []).extend(told)
    codes = "; ".join(f"{status}: {', '.join(found)}" for status, found in sorted(by_status.items()))
    text, whole = {"type": "string"}, {"type": "integer"}
    return {
        "title": "Problem",
        "type": "object",
        "description": f"RFC 9457. Codes by status. {codes}.",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": text,
            "title": text,
            "status": whole,
            "detail": text,
            "code": {
                "type": "string",
                "enum": sorted({*(kind.code for kind in kinds_of()), *chain(*GATEWAY_CODES.values())}),
            },
            "limit": {**whole, "description": "What was passed, in the unit that the code names"},
            "measured": whole,
            "errors": {
                "type": "array",
                "description": "With invalid_request: one entry for each field or file",
                "items": {
                    "type": "object",
                    "properties": {"loc": {"type": "array", "items": {}}, "code": text, "detail": text},
                },
            },
            "job_id": {**text, "description": "With job_active: the job at work"},
            "retry_after": {**whole, "description": "With not_ready: seconds"},
        },
    }


def _set_environment() -> None:
    pending = [Settings]
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        for name in kind.model_fields:
            os.environ.setdefault(name.upper(), "1")
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")


def _apps() -> Iterator[ApiGatewayResolver]:
    for path in sorted((ROOT / "functions").glob("*/handler.py")):
        if "@app." in path.read_text():
            yield importlib.import_module(f"functions.{path.parent.name}.handler").app


def _routes(app: ApiGatewayResolver) -> list[Any]:
    return [route for route in [*app._static_routes, *app._dynamic_routes] if route.include_in_schema]  # noqa: SLF001


def _operation(operation: Document, route: Any, words: str) -> Document:
    scopes = scopes_of(route.func)
    statuses = _statuses(route.func)
    found: Document = operation.pop("responses")
    kinds = set(raised(route.func)) | {DarkroomError, Transient}
    if scopes:
        kinds |= {*KEY_PROBLEMS.values(), MissingKey, Forbidden}
    if "parameters" in operation or "requestBody" in operation:
        kinds.add(InvalidRequest)
    operation |= {
        "operationId": route.func.__name__,
        "summary": _summary(route.func.__name__),
        "description": words,
        "tags": [_tag(route.openapi_path)],
        "security": [{"key": [scope]} for scope in scopes],
    }
    if route.func.__name__ in BODIES:
        operation["requestBody"] = BODIES[route.func.__name__]
        kinds.add(InvalidRequest)
    if HTTPStatus.NOT_MODIFIED in statuses:
        known = {"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}}
        operation["parameters"] = [*operation.get("parameters", []), known]
    for parameter in operation.get("parameters", []):
        _say_what_it_takes(parameter)
    success = next(answer for status, answer in sorted(found.items()) if status.startswith("2"))
    answers = _answers(success, statuses or {HTTPStatus(route.status_code)})
    if _is_tagged(route.func):
        answers["200"]["headers"] = {"ETag": {"schema": {"type": "string"}}}
    operation["responses"] = answers | _problems(kinds)
    return operation


def scopes_of(function: Any) -> list[str]:
    """The scopes a route asks for: `caller(app, Scope.READ)`; several where it depends on the request."""
    calls = [node for node in ast.walk(body_of(function)) if isinstance(node, ast.Call)]
    asked = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "caller"]
    return [Scope[name].value for call in asked for name in _members("Scope", call)]


def _statuses(function: Any) -> set[HTTPStatus]:
    """The statuses that a route chooses itself."""
    return {HTTPStatus[name] for node in body_of(function).body for name in _members("HTTPStatus", node)}


def _is_tagged(function: Any) -> bool:
    """Whether the route answers with an entity tag."""
    return any(isinstance(node, ast.Constant) and node.value == "ETag" for node in ast.walk(body_of(function)))


def _members(owner: str, tree: ast.AST) -> list[str]:
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return sorted({node.attr for node in found if isinstance(node.value, ast.Name) and node.value.id == owner})


def _answers(success: Document, statuses: set[HTTPStatus]) -> Document:
    answers: Document = {}
    for status in sorted(statuses):
        if status in HEADERS:
            name, why = HEADERS[status]
            answers[str(status.value)] = {"description": why, "headers": {name: {"schema": {"type": "string"}}}}
        elif status == HTTPStatus.NO_CONTENT:
            answers[str(status.value)] = {"description": status.phrase}
        else:
            answers[str(status.value)] = {"description": status.phrase, "content": _without_text(success["content"])}
    return answers


def _without_text(content: Document) -> Document:
    """`Response[View | str]` is a view: the text is the empty body of another status."""
    schema = content["application/json"]["schema"]
    shapes = [shape for shape in schema.get("anyOf", [schema]) if "$ref" in shape]
    return {"application/json": {"schema": shapes[0] if len(shapes) == 1 else {"anyOf": shapes} if shapes else schema}}


def _problems(kinds: set[type[DarkroomError]]) -> Document:
    answers: Document = {}
    for status in sorted({kind.status for kind in kinds}):
        found = sorted((kind for kind in kinds if kind.status == status), key=_code)
        codes = {"type": "object", "properties": {"code": {"enum": [kind.code for kind in found]}}}
        answers[str(status)] = {
            "description": "; ".join(f"`{kind.code}`: {kind.title}" for kind in found),
            "content": {
                PROBLEM: {
                    "schema": {"allOf": [{"$ref": f"{REFERENCE}Problem"}, codes]},
                    "examples": {kind.code: {"$ref": f"#/components/examples/{kind.code}"} for kind in found},
                }
            },
        }
    return answers


def _problem_example(kind: type[DarkroomError]) -> Document:
    known = {"status": kind.status, "title": kind.title, "detail": f"{kind.title}.", "code": kind.code}
    return {"type": f"urn:darkroom:error:{kind.code}", **known}


def _say_what_it_takes(parameter: Document) -> None:
    """Null is no text: an option that is not wanted is left out. A header is named as the standard names it."""
    schema = parameter["schema"]
    if parameter["in"] == "header":
        parameter["name"] = parameter["name"].title()
    for choice in schema.pop("anyOf", []):
        if choice.get("type") != "null":
            schema |= choice
    if "default" not in schema and parameter["required"]:
        parameter["example"] = example_of(schema, {}, parameter["name"])


def _name_operations(paths: Document) -> None:
    """One function may serve several paths; an operation's name is its own."""
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    for path, operations in paths.items():
        for operation in operations.values():
            if names.count(operation["operationId"]) > 1:
                operation["operationId"] += f"_of_{_tag(path)}"


def _summary(name: str) -> str:
    verb, _, rest = name.partition("_")
    return f"{verb} {rest.replace('_', ' ')}".strip().capitalize()


def _tag(path: str) -> str:
    return path.split("/")[2] if path.startswith("/v1/") else "service"


def _compare_with() -> Document:
    one_of = [{"required": [name], "properties": {name: {"type": "string"}}} for name in CompareWith.model_fields]
    shape = CompareWith.model_json_schema()
    return {**shape, "oneOf": one_of}


def _add_examples(paths: Document, shapes: Document) -> None:
    for name, shape in shapes.items():
        if name != "Problem":
            shape["examples"] = [example_of({"$ref": REFERENCE + name}, shapes)]
    for operation in (operation for path in paths.values() for operation in path.values()):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            media = body.get("content", {}).get("application/json")
            if media:
                media["example"] = example_of(media["schema"], shapes)


def _whole_numbers(value: Any) -> Any:
    """1 for 1.0, as JSON Schema has it."""
    if isinstance(value, dict):
        return {name: _whole_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
