"""How a request goes out and an answer comes in: the address, the key, the connections, the attempts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from darkroom.errors import ConfigError, UnexpectedAnswer, parse_api_error
from darkroom.models import Job
from darkroom.retry import RetryPolicy
from darkroom.storage import Storage, trusted_roots

T = TypeVar("T")


class Wire:
    """The connections to one API with one key. What it raises is said at Client."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_s: float = 30,
        retries: RetryPolicy | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise ConfigError("The API address must begin with https:// or http://.")
        if not api_key.isascii() or not api_key.isprintable() or " " in api_key:
            raise ConfigError("The API key has characters that no key has; was it copied whole?")
        self.base_url = base_url.rstrip("/")
        self.retries = retries or RetryPolicy()
        self.storage = Storage(timeout_s=timeout_s, retries=self.retries, transport=transport)
        self._has_key = bool(api_key)
        self._http = httpx.Client(
            timeout=timeout_s,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            follow_redirects=False,
            verify=trusted_roots(),
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self.storage.close()

    def waiting_with(self, sleep: Callable[[float], object]) -> Self:
        """The same client, on the same connections, which calls `sleep(seconds)` between attempts."""
        twin = copy.copy(self)
        twin.retries = replace(self.retries, sleep=sleep)
        twin.storage = copy.copy(self.storage)
        twin.storage.retries = twin.retries
        return twin

    def _ask_job(self, path: str, query: Mapping[str, Any], etag: str | None) -> Job | None:
        params = {name: value for name, value in query.items() if value is not None}
        response = self._send("GET", path, params=params, headers={"If-None-Match": etag} if etag else {})
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            return None
        return _parse(response, lambda raw: Job.parse(raw, response.headers.get("ETag"), response.headers.get("Date")))

    def _ask_tagged(self, method: str, path: str, parse: Callable[[Any, str | None], T], **options: Any) -> T:
        response = self._send(method, path, **options)
        return _parse(response, lambda raw: parse(raw, response.headers.get("ETag")))

    def _ask_pages(
        self, path: str, rows: str, parse: Callable[[Any], T], query: Mapping[str, Any] | None = None
    ) -> Iterator[T]:
        cursor: str | None = None
        while True:
            found, cursor = self._ask(
                "GET",
                path,
                lambda raw: (tuple(parse(row) for row in raw[rows]), raw.get("next_cursor")),
                params={**(query or {}), **({"cursor": cursor} if cursor else {})},
            )
            yield from found
            if not cursor:
                return

    def _ask(self, method: str, path: str, parse: Callable[[Any], T], **options: Any) -> T:
        return _parse(self._send(method, path, **options), parse)

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        response = self.retries.send(lambda: self._http.request(method, self.base_url + path, **options))
        if response.is_error:
            raise parse_api_error(response, has_key=self._has_key)
        return response


def _parse(response: httpx.Response, parse: Callable[[Any], T]) -> T:
    try:
        return parse(response.json())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnexpectedAnswer(f"What answers at {response.request.url.host} is not Darkroom's API.") from error
