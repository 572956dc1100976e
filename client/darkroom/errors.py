"""One error tree. Its texts are for people; programs read the code, the status and the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

# What an answer without a code of ours means: of the local stack's gateway, or a proxy.
CODES_BY_STATUS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    413: "body_too_large",
    429: "too_many_requests",
    503: "try_again",
    504: "timed_out",
}
# As many faults as one line can bear.
SHOWN_FAULTS = 3


class DarkroomError(Exception):
    """Anything that goes wrong in this package."""


class ConfigError(DarkroomError):
    """An address, key, profile or path is missing or cannot be used; nothing was sent."""


class Unreachable(DarkroomError):
    """The service did not answer at all, in as many attempts as the retry policy allows."""


class UnexpectedAnswer(DarkroomError):
    """The answer is not Darkroom's; the address is probably not its API."""


class StorageError(DarkroomError):
    """S3 said no to a file. `code` is S3's own (`AccessDenied`, `EntityTooLarge`)."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({code})")
        self.status = status
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault in a request. `loc` is the path to the value: ("files", 17, "bytes")."""

    loc: tuple[str | int, ...]
    code: str
    detail: str
    limit: float | None = None
    measured: float | None = None

    def __str__(self) -> str:
        place = ".".join(str(step) for step in self.loc)
        return f"{place}: {self.detail or self.code}{bounds(self.limit, self.measured)}"

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> FieldError:
        """One row of a problem document's `errors`."""
        return cls(
            tuple(raw.get("loc") or ()),
            str(raw.get("code") or raw.get("type") or "invalid"),
            str(raw.get("detail") or raw.get("msg") or ""),
            raw.get("limit"),
            raw.get("measured"),
        )


class ApiError(DarkroomError):
    """The API said no. `limit` and `measured` are in the unit that the code names (bytes, pixels, files).

    `job_id` is the job that stands in the way, where one does.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str = "",
        detail: str = "",
        limit: float | None = None,
        measured: float | None = None,
        errors: tuple[FieldError, ...] = (),
        job_id: str | None = None,
    ) -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code
        self.title = title or code
        self.detail = detail or self.title
        self.limit = limit
        self.measured = measured
        self.errors = errors
        self.job_id = job_id

    def __str__(self) -> str:
        faults = "; ".join(str(fault) for fault in self.errors[:SHOWN_FAULTS])
        said = f"{self.detail}{bounds(self.limit, self.measured)}{' ' if faults else ''}{faults}"
        return f"{said} ({self.status} {self.code})"


def bounds(limit: float | None, measured: float | None) -> str:
    """' [limit 10, measured 12]', or nothing where the server gave no numbers."""
    known = [f"{word} {value:,}" for word, value in (("limit", limit), ("measured", measured)) if value is not None]
    return f" [{', '.join(known)}]" if known else ""


def parse_api_error(response: httpx.Response, *, has_key: bool) -> ApiError:
    """The error that an answer of 400 or more stands for: a problem document, or API Gateway's `{"message"}`."""
    raw = _json_object(response)
    status = response.status_code
    title = str(raw.get("title") or response.reason_phrase)
    detail = str(raw.get("detail") or raw.get("message") or raw.get("Message") or title)
    errors = tuple(FieldError.parse(fault) for fault in raw.get("errors") or () if isinstance(fault, Mapping))
    code = str(raw.get("code") or _code_of_gateway(status, has_key))
    return ApiError(status, code, title, detail, raw.get("limit"), raw.get("measured"), errors, raw.get("job_id"))


def _code_of_gateway(status: int, has_key: bool) -> str:
    if status == HTTPStatus.UNAUTHORIZED and not has_key:
        return "missing_key"
    return CODES_BY_STATUS.get(
        status, "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else f"http_{status}"
    )


def _json_object(response: httpx.Response) -> Mapping[str, Any]:
    try:
        raw = response.json()
    except ValueError:
        return {}
    return raw if isinstance(raw, Mapping) else {}
