"""Whatever the API can do, the client can ask for, and reads the answer."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from darkroom import Client
from tests.cloud import ROOT

PATHS: dict[str, Any] = json.loads((ROOT / "functions" / "console" / "openapi.json").read_text())["paths"]
ROUTES = {f"{method.upper()} {path}": found for path, methods in PATHS.items() for method, found in methods.items()}
ARGUMENTS = {"bytes": b"", "int": 1, "str": "x", "Sequence": []}
"""By the annotation; what is optional is left out."""
OTHERWISE = {"close", "waiting_with", "get_rendition"}
"""Methods that ask the API nothing of their own."""
METHODS = sorted(
    name for name, _ in inspect.getmembers(Client, inspect.isfunction) if name[0] != "_" and name not in OTHERWISE
)


def route_of(request: httpx.Request) -> str:
    asked = f"{request.method} {request.url.path}"
    return next(route for route in ROUTES if re.fullmatch(re.sub(r"{\w+}", "x", route), asked))


def answer(request: httpx.Request) -> httpx.Response:
    """The route's first good answer, as the description has it; a page is the last."""
    status, found = min(ROUTES[route_of(request)]["responses"].items())
    example = found.get("content", {}).get("application/json", {}).get("example")
    if isinstance(example, dict) and "next_cursor" in example:
        example = example | {"next_cursor": None}
    return httpx.Response(int(status), json=example, headers=dict.fromkeys(found.get("headers", {}), "x"))


def call(name: str) -> list[str]:
    """The routes that a method asks for."""
    asked: list[str] = []

    def answer_and_note(request: httpx.Request) -> httpx.Response:
        asked.append(route_of(request))
        return answer(request)

    with Client("http://api", "key", transport=httpx.MockTransport(answer_and_note)) as client:
        method = getattr(client, name)
        answered = method(*arguments_of(method))
        list(answered if isinstance(answered, Iterator) else ())
    return asked


def arguments_of(method: Any) -> list[Any]:
    needed = [found for found in inspect.signature(method).parameters.values() if found.default is found.empty]
    return [ARGUMENTS[re.match(r"\w+", found.annotation)[0]] for found in needed]  # type: ignore[index]


@pytest.mark.parametrize("name", METHODS)
def test_client_reads_what_the_route_answers(name: str) -> None:
    assert len(call(name)) == 1


def test_client_has_a_method_for_every_route() -> None:
    asked = {route for name in METHODS for route in call(name)}

    assert set(ROUTES) - asked == set()
