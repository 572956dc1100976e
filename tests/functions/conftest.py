import importlib
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from shared.errors import Transient
from shared.stores.images import OriginalStore
from tests.cloud import Cloud, recorded
from tests.pictures import photo
from tests.world import TENANT, World

KEY_ID = "0123456789abcdef"
Load = Callable[[str], ModuleType]


class Context:
    """A Lambda context with all the time in the world, unless told otherwise."""

    function_name = "darkroom"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:darkroom"
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def __init__(self, *remaining_ms: int) -> None:
        self._remaining_ms = list(remaining_ms)

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining_ms.pop(0) if self._remaining_ms else 30_000


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any
    sent_bytes: int
    """What Lambda sends for it, at the most: its older runtimes escape what is not ASCII."""


class Api:
    """Calls a function with routes as API Gateway does."""

    def __init__(self, module: ModuleType) -> None:
        self._handler = module.handler

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        authorizer: dict[str, str] | None = None,
    ) -> Answer:
        event = deepcopy(recorded("api"))
        found = {"tenant": TENANT, "scopes": "read write", "principalId": KEY_ID} if authorizer is None else authorizer
        event |= {
            "path": path,
            "httpMethod": method,
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "queryStringParameters": query,
            "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()},
            "headers": event["headers"] | (headers or {}),
            "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()},
        }
        event["requestContext"] |= {"authorizer": found, "httpMethod": method, "path": f"/api{path}"}
        answer = self._handler(event, Context())
        sent = {name: values[0] for name, values in answer.get("multiValueHeaders", {}).items()}
        body = json.loads(answer["body"]) if answer.get("body") else None
        return Answer(answer["statusCode"], sent, body, len(json.dumps(answer)))


@pytest.fixture
def load(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load a function afresh, as a cold start does, on the cloud of this test."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)

    def load_function(name: str) -> ModuleType:
        return importlib.reload(importlib.import_module(f"functions.{name}.handler"))

    return load_function


@pytest.fixture
def api(load: Load) -> Api:
    return Api(load("api"))


@pytest.fixture
def admin_api(load: Load) -> Api:
    return Api(load("admin"))


@pytest.fixture
def now(world: World) -> World:
    """A world of today: the function looks at the real clock."""
    world.now = datetime.now(UTC)
    return world


@pytest.fixture
def given_up(now: World) -> str:
    """An upload whose only image has its renditions, and could not be scored in four attempts; its job."""
    return now.once(_give_up)


def _give_up(now: World) -> str:
    job_id, uploads = now.upload(photo(1, 40, 40))
    now.validate(uploads[0])
    good, now.score_work = now.score_work, replace(now.score_work, originals=OriginalStore("no-such-bucket"))
    (request,) = now.sent("QualityQueue")
    for _ in range(3):
        with pytest.raises(Transient):
            now.score(request)
    now.score(request)
    now.score_work = good
    now.work_off()
    return job_id
