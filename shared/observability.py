"""The one logger and the one set of metrics of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

T = TypeVar("T")

logger = Logger()
metrics = Metrics()


def counted(handler: Callable[[dict[str, Any], Any], T]) -> Callable[[dict[str, Any], Any], T]:
    """Publish one invocation, and what the handler counted meanwhile.

    Invocations per accepted or scored image say what an image costs; a queue that hands work out again and again
    shows here, with every other alarm green.
    """

    @metrics.log_metrics
    def run(event: dict[str, Any], context: Any) -> T:
        metrics.add_metric("Invocations", MetricUnit.Count, 1)
        return handler(event, context)

    return run


__all__ = ["MetricUnit", "counted", "logger", "metrics"]
