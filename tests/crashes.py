"""Cutting a run off after any of its side effects. Where it can be cut comes from the calls that the code makes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, local
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError
from botocore.model import OperationModel

from shared.errors import DarkroomError
from shared.stores.dynamo import dynamodb
from shared.stores.images import s3
from shared.stores.queues import sqs

Act = Callable[[], object]

READS = ("Get", "BatchGet", "Head", "List", "Query", "Describe", "Receive")


class Cut(BaseException):
    """The process died here; nothing in our code may catch it."""


@dataclass
class Calls:
    """The side effects of a run, in order; it is cut off once it has made `cut_after` of them."""

    cut_after: int | None = None
    made: list[str] = field(default_factory=list)

    def note(self, model: OperationModel, **_: Any) -> None:
        if model.name.startswith(READS):
            return
        self.made.append(model.name)
        if len(self.made) == self.cut_after:
            raise Cut


@contextmanager
def watched(cut_after: int | None = None) -> Iterator[Calls]:
    """Note every side effect on AWS, and die after the nth."""
    calls = Calls(cut_after)
    with _hooked("after-call", calls.note):
        yield calls


class Fuse(local):
    """Each thread's own: it dies after `left` more side effects. 0: it lives."""

    left = 0

    def burn(self, model: OperationModel, **_: Any) -> None:
        if not self.left or model.name.startswith(READS):
            return
        self.left -= 1
        if not self.left:
            raise Cut


@contextmanager
def each_on_its_own_fuse() -> Iterator[Fuse]:
    """Threads that may die one by one, while the others go on."""
    fuse = Fuse()
    with _hooked("after-call", fuse.burn):
        yield fuse


def died(cut_after: int, run: Any) -> bool:
    """Run it until after its nth side effect; False when it ended before."""
    try:
        with watched(cut_after):
            run()
    except Cut:
        return True
    return False


@contextmanager
def failing(*operations: str) -> Iterator[None]:
    """The network fails for these operations, after botocore has tried again in vain."""

    def fail(model: OperationModel, **_: Any) -> None:
        if model.name in operations:
            raise ConnectionClosedError(endpoint_url="https://aws")

    with _hooked("before-call", fail):
        yield


@contextmanager
def one_call_at_a_time() -> Iterator[None]:
    """DynamoDB's calls do not overlap, as they must not for a condition to hold: moto does not see to it itself."""
    turn = Lock()

    def begin(**_: Any) -> None:
        turn.acquire()

    def end(**_: Any) -> None:
        turn.release()

    events = dynamodb().meta.events
    events.register("before-call", begin)
    events.register("after-call", end)
    try:
        yield
    finally:
        events.unregister("before-call", begin)
        events.unregister("after-call", end)


@contextmanager
def _hooked(event: str, hook: Callable[..., Any]) -> Iterator[None]:
    clients = (dynamodb(), s3(), sqs())
    for client in clients:
        client.meta.events.register(event, hook)
    try:
        yield
    finally:
        for client in clients:
            client.meta.events.unregister(event, hook)


@dataclass
class Refusals:
    """How many calls there were, and which of them were refused."""

    calls: int = 0
    refused: list[str] = field(default_factory=list)


@contextmanager
def refused(
    code: str, operations: Collection[str] = (), times: int = 1, nth: int | None = None, **found: Any
) -> Iterator[Refusals]:
    """DynamoDB answers with this error, after botocore has tried again: the nth call, or each one so many times."""
    noted = Refusals()
    seen: Counter[str] = Counter()

    def refuse(model: OperationModel, params: Mapping[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]] | None:
        if model.service_model.service_name != "dynamodb" or (operations and model.name not in operations):
            return None
        noted.calls += 1
        call = f"{model.name} {_without_token(params['body'])}"
        seen[call] += 1
        if noted.calls != nth if nth else seen[call] > times:
            return None
        noted.refused.append(model.name)
        return AWSResponse("https://aws", 400, {}, None), {"Error": {"Code": code, "Message": code}, **found}

    with _hooked("before-call", refuse):
        yield noted


def _without_token(body: bytes) -> str:
    """A transaction that is tried again has a new token, and is the same otherwise."""
    return json.dumps({name: value for name, value in json.loads(body).items() if name != "ClientRequestToken"})


@contextmanager
def answers_lost(operation: str) -> Iterator[list[str]]:
    """Each call is carried out, but the first time its answer is a fault on the wire: botocore sends it once more."""
    lost: list[str] = []

    def lose(request: Any, **_: Any) -> AWSResponse | None:
        call = hashlib.sha256(request.body).hexdigest()
        if operation.encode() not in request.headers["X-Amz-Target"] or call in lost:
            return None
        lost.append(call)
        return AWSResponse(request.url, 500, {}, _Body(b'{"__type": "InternalServerError", "message": "lost"}'))

    dynamodb().meta.events.register_first("before-send", lose)
    try:
        yield lost
    finally:
        dynamodb().meta.events.unregister("before-send", lose)


class _Body:
    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.body


@contextmanager
def interrupted(nth: int, rival: Callable[[], object], *others: Any) -> Iterator[list[str]]:
    """Right before the nth call to DynamoDB, or one of the other clients, somebody else does all of theirs."""
    made: list[str] = []
    clients = (dynamodb(), *others)

    def interrupt(model: OperationModel, **_: Any) -> None:
        made.append(model.name)
        if len(made) == nth:
            let_go()
            rival()

    def let_go() -> None:
        for client in clients:
            client.meta.events.unregister("before-call", interrupt)

    for client in clients:
        client.meta.events.register("before-call", interrupt)
    try:
        yield made
    finally:
        let_go()


def is_done(act: Act) -> bool:
    """A no is an answer; what is transient is tried again by whoever asked."""
    try:
        act()
    except DarkroomError as error:
        return not error.is_transient
    return True


def until_done(act: Act) -> None:
    assert any(is_done(act) for _ in range(3)), "three times transient"
