"""Cutting a run off after any of its side effects. Where it can be cut comes from the calls that the code makes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.model import OperationModel

from shared.stores.dynamo import dynamodb
from shared.stores.images import s3
from shared.stores.queues import sqs

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
    clients = (dynamodb(), s3(), sqs())
    for client in clients:
        client.meta.events.register("after-call", calls.note)
    try:
        yield calls
    finally:
        for client in clients:
            client.meta.events.unregister("after-call", calls.note)


def died(cut_after: int, run: Any) -> bool:
    """Run it until after its nth side effect; False when it ended before."""
    try:
        with watched(cut_after):
            run()
    except Cut:
        return True
    return False
