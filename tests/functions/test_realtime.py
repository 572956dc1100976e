"""The realtime function: what a client sends, and what closes its socket."""

from __future__ import annotations

import json
from copy import deepcopy
from types import ModuleType
from typing import Any

import pytest

from shared.domain.access import ApiKey, Scope, hash_secret
from shared.stores.tenants import TenantStore
from shared.usecases.open_ticket import open_ticket
from tests.cloud import Cloud, recorded
from tests.functions.conftest import KEY_ID, Api, Context, Load
from tests.world import TENANT

KEY = ApiKey(KEY_ID, hash_secret("secret"), TENANT, frozenset({Scope.READ}))
JOB = "job_01jdc3yb5n8x2c4v6b8n0m1k3j"


class Wire:
    """Stands in for API Gateway's management API."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.is_closed = False

    def post_to_connection(self, **call: Any) -> None:
        self.sent.append(json.loads(call["Data"]))

    def delete_connection(self, **call: Any) -> None:
        self.is_closed = True


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    found = Wire()
    monkeypatch.setattr("shared.stores.sockets.management", lambda api: found)
    return found


@pytest.fixture
def realtime(load: Load, wire: Wire, cloud: Cloud) -> ModuleType:
    TenantStore(cloud.catalog_table).save_key(KEY)
    return load("realtime")


def say(module: ModuleType, route: str, body: str | None = None, ticket: str | None = None) -> Any:
    event = deepcopy(recorded("realtime"))
    event["requestContext"]["routeKey"] = route
    event |= {"body": body, "queryStringParameters": {"ticket": ticket} if ticket else None}
    return module.handler(event, Context())


def open_socket(module: ModuleType) -> Any:
    ticket = open_ticket(TENANT, KEY_ID, module.subscriptions, module.sockets)
    return say(module, "$connect", ticket=ticket.ticket)


def test_recorded_ping_without_a_connection_closes_the_socket(realtime: ModuleType, wire: Wire) -> None:
    assert realtime.handler(recorded("realtime"), Context()) == {"statusCode": 200, "body": ""}

    assert [message["code"] for message in wire.sent] == ["expired_key"]
    assert wire.is_closed


def test_ping_is_answered(realtime: ModuleType, wire: Wire) -> None:
    assert open_socket(realtime)["statusCode"] == 200

    say(realtime, "ping", '{"action": "ping"}')

    assert wire.sent == [{"type": "pong", "jobs": []}]


@pytest.mark.parametrize("ticket", [None, "invented"])
def test_handshake_without_a_good_ticket_is_refused(realtime: ModuleType, wire: Wire, ticket: str | None) -> None:
    assert say(realtime, "$connect", ticket=ticket) == {"statusCode": 401, "body": "invalid_ticket"}


@pytest.mark.parametrize(
    ("route", "body", "code"),
    [
        ("subscribe", '{"action": "subscribe"}', "invalid_request"),
        ("subscribe", '{"action": "subscribe", "job_id": "job_01", "since": -1}', "invalid_request"),
        ("subscribe", '{"action": "subscribe", "job_id": "job_01"}', "invalid_id"),
        ("subscribe", json.dumps({"action": "subscribe", "job_id": JOB}), "expired"),
        ("$default", "no JSON", "invalid_request"),
        ("$default", None, "invalid_request"),
    ],
)
def test_wrong_message_is_answered_with_its_code_and_the_socket_stays(
    realtime: ModuleType, wire: Wire, route: str, body: str | None, code: str
) -> None:
    open_socket(realtime)

    say(realtime, route, body)

    assert [(message["type"], message["code"]) for message in wire.sent] == [("error", code)]
    assert not wire.is_closed


def test_error_names_the_job(realtime: ModuleType, wire: Wire) -> None:
    open_socket(realtime)

    say(realtime, "subscribe", json.dumps({"action": "subscribe", "job_id": JOB}))

    assert wire.sent[0]["job_id"] == JOB


def test_closed_socket_is_forgotten(realtime: ModuleType, wire: Wire) -> None:
    open_socket(realtime)
    say(realtime, "$disconnect")

    say(realtime, "ping", '{"action": "ping"}')

    assert wire.sent[0]["code"] == "expired_key"


def test_ticket_comes_with_the_address_to_open(api: Api) -> None:
    answer = api("POST", "/v1/realtime/tickets")

    assert answer.status == 201
    url = f"wss://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/live?ticket={answer.body['ticket']}"
    assert answer.body["url"] == url


def test_ticket_needs_the_scope_read(api: Api) -> None:
    answer = api("POST", "/v1/realtime/tickets", authorizer={"tenant": TENANT, "scopes": "write"})

    assert (answer.status, answer.body["code"]) == (403, "missing_scope")


def test_recorded_change_of_an_unknown_job_tells_nobody(load: Load, wire: Wire) -> None:
    load("announce").handler(recorded("announce"), Context())

    assert wire.sent == []
