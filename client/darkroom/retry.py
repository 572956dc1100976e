"""When to try again, and how long to wait first: exponential backoff with full jitter."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from darkroom.errors import Unreachable

MAX_RETRY_AFTER_S = 60.0
# Faults of the request itself: the next attempt would meet the same one.
HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)


def is_transient(response: httpx.Response) -> bool:
    """Whether another attempt may fare better: throttled, or a fault on the server's side."""
    return response.status_code == HTTPStatus.TOO_MANY_REQUESTS or response.is_server_error


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Up to `attempts` attempts; before attempt n+1 a random wait of 0 to min(max_s, base_s × 2ⁿ⁻¹) seconds.

    The formula is "full jitter" of the AWS Architecture Blog, "Exponential Backoff And Jitter" (2015).
    """

    attempts: int = 6
    base_s: float = 0.25
    max_s: float = 10.0
    sleep: Callable[[float], object] = time.sleep

    def send(
        self,
        attempt: Callable[[], httpx.Response],
        is_transient: Callable[[httpx.Response], bool] = is_transient,
    ) -> httpx.Response:
        """The first answer that is not transient, or the last one there was. Raises Unreachable when there was none."""
        failures = 0
        while True:
            failures += 1
            try:
                response = attempt()
            except HOPELESS as error:
                # Its text may quote a header, and so the key.
                raise Unreachable("The request could not be sent: the address or a header is not valid.") from error
            except httpx.TransportError as error:
                if failures == self.attempts:
                    raise Unreachable(_reason(error)) from error
                self.sleep(self.wait_s(failures))
                continue
            if failures == self.attempts or not is_transient(response):
                return response
            self.sleep(retry_after_s(response) + self.wait_s(failures))

    def wait_s(self, failures: int) -> float:
        """Seconds to wait after so many failures."""
        return random.uniform(0, min(self.max_s, self.base_s * 2 ** (failures - 1)))


def retry_after_s(response: httpx.Response) -> float:
    """Seconds that the Retry-After header asks for (a number, or an HTTP date), at most a minute; 0 without one."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(float(value), MAX_RETRY_AFTER_S)
    try:
        wait_s = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
    return min(max(wait_s, 0.0), MAX_RETRY_AFTER_S)


def _reason(error: httpx.TransportError) -> str:
    host = error.request.url.host
    if isinstance(error, httpx.TimeoutException):
        return f"{host} did not answer in time."
    return f"{host} cannot be reached: {error}."
