from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import BaseModel

from shared.errors import JobCancelled, OriginalGone, Transient, UnsupportedFormat
from shared.sqs import consume

Event = dict[str, Any]


class Order(BaseModel):
    """A message of a test: which piece of work to do."""

    name: str


@dataclass
class Delays:
    """A queue that remembers what was put off, and for how long."""

    seen: dict[str, int] = field(default_factory=dict)

    def delay(self, receipt_handle: str, seconds: int) -> None:
        self.seen[receipt_handle] = seconds


@dataclass
class Clock:
    """A function's context: so many milliseconds at each look, the last one for ever."""

    remaining_ms: list[int]

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms.pop(0) if len(self.remaining_ms) > 1 else self.remaining_ms[0]


def record(name: str, body: str | None = None, received: int = 1) -> Event:
    return {
        "messageId": f"id-{name}",
        "receiptHandle": f"receipt-{name}",
        "body": Order(name=name).model_dump_json() if body is None else body,
        "attributes": {"ApproximateReceiveCount": str(received)},
    }


def raising(error: Exception) -> Callable[[Order], None]:
    """Work that fails on the order named `bad`."""

    def work(order: Order) -> None:
        if order.name == "bad":
            raise error

    return work


def failed(answer: Event) -> list[str]:
    return [found["itemIdentifier"] for found in answer["batchItemFailures"]]


def plenty() -> Clock:
    return Clock([30_000])


@pytest.fixture
def queue() -> Delays:
    return Delays()


def test_every_record_is_worked_on_once_and_acknowledged(queue: Delays) -> None:
    done: list[str] = []

    answer = consume(
        {"Records": [record("a"), record("b")]}, Order, lambda order: done.append(order.name), queue, plenty()
    )

    assert done == ["a", "b"]
    assert (failed(answer), queue.seen) == ([], {})


def test_event_without_records_asks_for_nothing(queue: Delays) -> None:
    assert failed(consume({}, Order, raising(ValueError()), queue, plenty())) == []


@pytest.mark.parametrize("body", ["", "junk", "[]", "{}", "null", '{"name": 7}', '{"name": "\\ud800"}', "\x00"])
def test_junk_is_acknowledged_and_the_rest_is_worked_on(queue: Delays, body: str) -> None:
    done: list[str] = []
    event = {"Records": [record("junk", body), record("good")]}

    answer = consume(event, Order, lambda order: done.append(order.name), queue, plenty())

    assert (done, failed(answer), queue.seen) == (["good"], [], {})


@pytest.mark.parametrize("verdict", [UnsupportedFormat(), OriginalGone(), JobCancelled()])
def test_verdict_is_acknowledged(queue: Delays, verdict: Exception) -> None:
    answer = consume({"Records": [record("bad"), record("good")]}, Order, raising(verdict), queue, plenty())

    assert (failed(answer), queue.seen) == ([], {})


@pytest.mark.parametrize(("received", "delay_s"), [(1, 2), (2, 4), (3, 8), (4, 8), (8, 8), (9, 900)])
def test_transient_failure_comes_again_later_and_later(queue: Delays, received: int, delay_s: int) -> None:
    event = {"Records": [record("bad", received=received)]}

    answer = consume(event, Order, raising(Transient()), queue, plenty())

    assert failed(answer) == ["id-bad"]
    assert queue.seen == {"receipt-bad": delay_s}


@pytest.mark.parametrize("error", [RuntimeError("boom"), KeyError("x"), MemoryError(), OSError(28, "disk full")])
def test_unexpected_failure_comes_again_as_well(queue: Delays, error: Exception) -> None:
    answer = consume({"Records": [record("bad")]}, Order, raising(error), queue, plenty())

    assert failed(answer) == ["id-bad"]
    assert queue.seen == {"receipt-bad": 2}


def test_one_failure_does_not_hold_up_the_others(queue: Delays) -> None:
    event = {"Records": [record("good"), record("bad"), record("better")]}

    answer = consume(event, Order, raising(Transient()), queue, plenty())

    assert failed(answer) == ["id-bad"]
    assert set(queue.seen) == {"receipt-bad"}


def test_validation_error_of_the_work_itself_is_no_junk(queue: Delays) -> None:
    answer = consume({"Records": [record("a")]}, Order, lambda _: Order.model_validate({}), queue, plenty())

    assert failed(answer) == ["id-a"]


def test_out_of_time_the_rest_is_returned_at_once_and_untouched(queue: Delays) -> None:
    done: list[str] = []
    event = {"Records": [record("a"), record("b", received=3), record("c")]}
    available, first, later = 30_000, 30_000, 1_000

    answer = consume(event, Order, lambda order: done.append(order.name), queue, Clock([available, first, later]))

    assert done == ["a"]
    assert failed(answer) == ["id-b", "id-c"]
    assert queue.seen == {"receipt-b": 0, "receipt-c": 0}


def test_batch_stops_when_a_record_as_slow_as_the_slowest_would_not_fit(queue: Delays) -> None:
    done: list[str] = []
    event = {"Records": [record("slow"), record("next")]}

    def work(order: Order) -> None:
        time.sleep(0.06)
        done.append(order.name)

    answer = consume(event, Order, work, queue, Clock([100, 100, 50]))

    assert done == ["slow"]
    assert failed(answer) == ["id-next"]


def test_record_of_a_fresh_function_is_always_begun(queue: Delays) -> None:
    done: list[str] = []

    consume({"Records": [record("a")]}, Order, lambda order: done.append(order.name), queue, Clock([3_000]))

    assert done == ["a"]
