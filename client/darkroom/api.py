"""The API, one method for each route that the client needs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote, urljoin

import httpx

from darkroom.errors import ConfigError, UnexpectedAnswer, parse_api_error
from darkroom.models import Asset, GrantedTask, Job, NewFile, Task, UploadSession
from darkroom.retry import RetryPolicy
from darkroom.storage import Storage, trusted_roots

T = TypeVar("T")
Which = Literal["all", "failed"]


class Client:
    """Darkroom's API at `base_url` (up to and including `/api`). Safe to share between threads.

    Tries again on connection errors, 429 and 5xx. Any method raises ApiError when the API says no, Unreachable when
    nothing answers, and UnexpectedAnswer when what answers is not Darkroom. A creation whose answer is lost is tried
    again too: it leaves an empty session behind, which the server closes when its grants have expired.
    """

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

    def waiting_with(self, sleep: Callable[[float], object]) -> Client:
        """The same client, on the same connections, which calls `sleep(seconds)` between attempts."""
        twin = copy.copy(self)
        twin.retries = replace(self.retries, sleep=sleep)
        twin.storage = copy.copy(self.storage)
        twin.storage.retries = twin.retries
        return twin

    def create_upload(self, project: str, files: Sequence[NewFile]) -> UploadSession:
        """Open an upload session for up to 10,000 files; grants come for the first 500 that must be sent."""
        body = {"project": project, "files": [file.to_json() for file in files]}
        return self._ask("POST", "/v1/uploads", UploadSession.parse, json=body)

    def renew_grants(self, job_id: str, task_ids: Sequence[str]) -> tuple[GrantedTask, ...]:
        """New grants for up to 500 tasks; those no longer pending come back with their status and no grant."""
        return self._ask(
            "POST",
            f"/v1/uploads/{_id(job_id)}/grants",
            lambda raw: tuple(GrantedTask.parse(task) for task in raw["uploads"]),
            json={"task_ids": list(task_ids)},
        )

    def get_upload(
        self,
        job_id: str,
        *,
        tasks: Which | None = None,
        changed_since: int | None = None,
        cursor: str | None = None,
        etag: str | None = None,
    ) -> Job | None:
        """An upload session's counts, with a page of its tasks if asked for; None if it is still what `etag` named."""
        query = {"tasks": tasks, "changed_since": changed_since, "cursor": cursor}
        return self._get_job(f"/v1/uploads/{_id(job_id)}", query, etag)

    def list_tasks(self, job_id: str, which: Which = "all") -> Iterator[Task]:
        """Every task of an upload session, or its failed ones, page by page."""
        cursor: str | None = None
        while True:
            page = self.get_upload(job_id, tasks=which, cursor=cursor)
            if page is None:
                return
            yield from page.tasks
            cursor = page.next_cursor
            if not cursor:
                return

    def get_job(self, job_id: str, *, etag: str | None = None) -> Job | None:
        """Any job's counts; None if they are still what `etag` named."""
        return self._get_job(f"/v1/jobs/{_id(job_id)}", {}, etag)

    def get_asset(self, asset_id: str) -> Asset:
        """An asset with the renditions that are ready and its quality, as far as it is computed."""
        return self._ask("GET", f"/v1/assets/{_id(asset_id)}", Asset.parse)

    def get_rendition_url(self, asset_id: str, preset: str) -> str:
        """A short-lived URL of a rendition. ApiError `not_ready` while it is made, `rendition_failed` if it was not."""
        response = self._send("GET", f"/v1/assets/{_id(asset_id)}/renditions/{_id(preset)}")
        location = response.headers.get("Location")
        if not location:
            raise UnexpectedAnswer("The API gave no address for the rendition.")
        return urljoin(str(response.request.url), str(location))

    def get_rendition(self, asset_id: str, preset: str) -> bytes:
        """The bytes of a rendition. The key stays with the API: S3 refuses a request that carries it."""
        return self.storage.get(self.get_rendition_url(asset_id, preset))

    def health(self) -> Mapping[str, Any]:
        """What the API says of itself; needs no key."""
        return self._ask("GET", "/healthz", dict)

    def _get_job(self, path: str, query: Mapping[str, Any], etag: str | None) -> Job | None:
        params = {name: value for name, value in query.items() if value is not None}
        response = self._send("GET", path, params=params, headers={"If-None-Match": etag} if etag else {})
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            return None
        return _parse(response, lambda raw: Job.parse(raw, response.headers.get("ETag")))

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


def _id(value: str) -> str:
    return quote(value, safe="")
