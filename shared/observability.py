"""The one logger of a function, and its metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

T = TypeVar("T")

logger = Logger()
_metrics = Metrics()


def count(name: str) -> None:
    """Publish one more of something, at once: a worker that dies next has counted all the same."""
    _metrics.add_metric(name, MetricUnit.Count, 1)
    _metrics.flush_metrics()


def counted(handler: Callable[[dict[str, Any], Any], T]) -> Callable[[dict[str, Any], Any], T]:
    """Publish each invocation of a handler.

    Invocations per accepted or scored image say what an image costs; a queue that hands work out again and again
    shows here, with every other alarm green.
    """

    def run(event: dict[str, Any], context: Any) -> T:
        count("Invocations")
        return handler(event, context)

    return run
