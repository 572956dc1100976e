"""The edge to SQS: one event into one call per record, and back into a partial batch response."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from shared.domain.task import BACKOFF_S
from shared.errors import DarkroomError, Transient
from shared.observability import logger

M = TypeVar("M", bound=BaseModel)

PATIENT_RECEIVES = 8
"""A work queue gives a message up after so many (`maxReceiveCount`); a dead-letter queue alone delivers more often."""
PATIENCE_S = 900

RESERVE_SHARE = 0.25
"""A batch stops when less of the function's time is left than this, or than its slowest record took."""


class LambdaContext(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


class SourceQueue(Protocol):
    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Hide a received message for so many seconds from now."""


def consume(
    event: dict[str, Any], message: type[M], work: Callable[[M], None], queue: SourceQueue, context: LambdaContext
) -> dict[str, Any]:
    """Do `work` for each record; report only the records that must come again.

    Junk is logged and acknowledged. A verdict (a DarkroomError that is not transient) is acknowledged: the use case has
    recorded it. Anything else comes again after 2, 4, then 8 seconds, and from a dead-letter queue in the end every
    quarter of an hour. Records that the function has no time left for
    come again at once, and cost no attempt.
    """
    records = event.get("Records", [])
    available_ms = context.get_remaining_time_in_millis()
    slowest_ms = 0.0
    failures: list[str] = []
    for record in records:
        if context.get_remaining_time_in_millis() < max(RESERVE_SHARE * available_ms, slowest_ms):
            _return_at_once(record, queue, failures)
            continue
        started = time.monotonic()
        _handle(record, message, work, queue, failures)
        slowest_ms = max(slowest_ms, 1000 * (time.monotonic() - started))
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failures]}


def has_time(context: LambdaContext) -> Callable[[], bool]:
    """Whether so much of the function's time is left that more work may begin."""
    available_ms = context.get_remaining_time_in_millis()
    return lambda: context.get_remaining_time_in_millis() > RESERVE_SHARE * available_ms


def source_name(event: dict[str, Any]) -> str:
    """The name of the queue that an event's records come from; one mapping reads one queue."""
    return str(event["Records"][0]["eventSourceARN"]).rsplit(":", 1)[1]


def _handle(
    record: dict[str, Any], message: type[M], work: Callable[[M], None], queue: SourceQueue, failures: list[str]
) -> None:
    try:
        request = message.model_validate_json(record["body"])
    except ValidationError:
        logger.warning("junk in the queue", message_id=record["messageId"])
        return
    try:
        work(request)
    except Exception as error:  # the edge: whatever it is, the message must not be lost
        if isinstance(error, DarkroomError) and not error.is_transient:
            logger.warning("refused", code=error.code, detail=error.detail)
            return
        _return_later(record, error, queue, failures)


def _return_later(record: dict[str, Any], error: Exception, queue: SourceQueue, failures: list[str]) -> None:
    received = int(record["attributes"]["ApproximateReceiveCount"])
    delay_s = BACKOFF_S[min(received, len(BACKOFF_S)) - 1] if received <= PATIENT_RECEIVES else PATIENCE_S
    if isinstance(error, Transient):
        logger.warning("will be tried again", code=error.code, detail=error.detail, delay_s=delay_s)
    else:
        logger.exception("unexpected; will be tried again", delay_s=delay_s)
    failures.append(record["messageId"])
    queue.delay(record["receiptHandle"], delay_s)


def _return_at_once(record: dict[str, Any], queue: SourceQueue, failures: list[str]) -> None:
    logger.info("out of time; returned untouched", message_id=record["messageId"])
    failures.append(record["messageId"])
    queue.delay(record["receiptHandle"], 0)
