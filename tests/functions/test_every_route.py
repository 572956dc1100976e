"""What holds for every route that needs a key, whatever it does; what each does is tested where it lives."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.functions.conftest import Answer, Api, Load
from tests.template.reading import events, folder
from tests.world import PROJECT, TENANT, World

JSON = {"Content-Type": "application/json"}
SCOPES = {"read", "write", "admin"}
NAMES = ("asset_id", "job_id", "poison_id", "name")
"""The path parameters that name something of one tenant; projects of the same name are each tenant's own."""


@dataclass(frozen=True)
class Route:
    function: str
    method: str
    path: str
    scopes: frozenset[str]
    """The key needs one of them."""
    body: Any = field(hash=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


Ask = Callable[[Route, str | None, str, dict[str, str]], Answer]


@cache
def routes() -> list[Route]:
    """Those that need a key, as the template and the API's description tell of them."""
    described = json.loads(Path("functions/console/openapi.json").read_text())["paths"]
    found = []
    for function, event in events("Api").values():
        operation = described.get(event["Path"], {}).get(event["Method"].lower(), {})
        if operation.get("security"):
            content = operation.get("requestBody", {}).get("content", {})
            scopes = {scope for needed in operation["security"] for scope in needed["key"]}
            body = content.get("application/json", {}).get("example", {"asset_id": "asset_" + "a" * 32})
            found.append(Route(folder(function), event["Method"].upper(), event["Path"], frozenset(scopes), body))
    return found


@pytest.fixture
def ask(load: Load) -> Ask:
    """Ask a route with the key of a tenant (None: a revoked one) and path parameters."""
    apis = {name: Api(load(name)) for name in sorted({route.function for route in routes()})}

    def ask_route(route: Route, tenant: str | None, scopes: str, names: dict[str, str]) -> Answer:
        path = re.sub(r"{(\w+)}", lambda found: names.get(found[1], found[1]), route.path)
        found = {"tenant": tenant, "scopes": scopes} if tenant else {"problem": "revoked_key"}
        return apis[route.function](route.method, path, route.body, headers=JSON, authorizer=found)

    return ask_route


@pytest.fixture
def owned(now: World, given_up: str) -> dict[str, str]:
    """Path parameters that name what the tenant has, each of which can be read, retried or deleted by it."""
    now.tenants.create(TENANT, "owner", now.now)
    (asset,) = now.all_assets()
    (poison,) = now.poison.page(TENANT, None).records
    names = {"project": PROJECT, "name": "owner", "task_id": "t00000", "preset": "card", "key_id": "0" * 16}
    return names | {"job_id": given_up, "asset_id": asset.asset_id, "poison_id": poison.poison_id}


def of_tenant(world: World) -> list[Any]:
    """All that the tenant has."""
    jobs = [found for found in world.all_jobs_with_tasks() if found[0].tenant == TENANT]
    return [jobs, world.all_assets(), world.poison.page(TENANT, None), world.usage(), world.presets.read(TENANT)]


def codes(answers: dict[Route, Answer]) -> dict[str, tuple[int, str]]:
    return {str(route): (answer.status, answer.body["code"]) for route, answer in answers.items()}


def test_key_without_the_scope_is_refused(ask: Ask) -> None:
    answers = {route: ask(route, TENANT, " ".join(SCOPES - route.scopes), {"project": PROJECT}) for route in routes()}

    assert codes(answers) == {str(route): (403, "missing_scope") for route in routes()}


def test_bad_key_is_refused_whatever_else_is_wrong(ask: Ask) -> None:
    answers = {route: ask(route, None, "", {"project": "%%%"}) for route in routes()}

    assert codes(answers) == {str(route): (401, "revoked_key") for route in routes()}


def test_stranger_sees_nothing_and_changes_nothing(ask: Ask, now: World, owned: dict[str, str]) -> None:
    before = of_tenant(now)

    answers = {
        route: ask(route, "tenant_zzzzzzzzzzzzzzzzzzzzzzzzzz", "read write", owned)
        for route in routes()
        if route.scopes != {"admin"}
    }

    named = {route: answer for route, answer in answers.items() if any(f"{{{name}}}" in route.path for name in NAMES)}
    assert codes(named) == {str(route): (404, "not_found") for route in named}
    told = {str(route): json.dumps(answer.body) for route, answer in answers.items()}
    assert {route for route, body in told.items() if any(owned[name] in body for name in NAMES)} == set()
    assert of_tenant(now) == before
