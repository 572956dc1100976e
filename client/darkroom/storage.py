"""S3, spoken to without our key: files go out by presigned POST, renditions come in by presigned URL."""

from __future__ import annotations

import io
import re
import ssl
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from pathlib import Path

import httpx

from darkroom.errors import StorageError
from darkroom.models import Grant
from darkroom.retry import RetryPolicy, is_transient

# S3 answers 400 to a connection that idled; that is no fault of the file.
TRANSIENT_CODES = frozenset({"RequestTimeout", "SlowDown", "InternalError"})
ERROR_TEXT_BYTES = 4096


class Storage:
    """Safe to share between threads. The connections carry no Authorization header, whatever they are redirected to."""

    def __init__(self, *, timeout_s: float, retries: RetryPolicy, transport: httpx.BaseTransport | None = None) -> None:
        self.retries = retries
        self._http = httpx.Client(
            timeout=timeout_s,
            follow_redirects=True,
            transport=transport,
            verify=trusted_roots(),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
        )

    def post_file(self, grant: Grant, path: Path, on_bytes: Callable[[int], None]) -> None:
        """Send a file by its grant, streamed from disk.

        `on_bytes` is told of every chunk, and of what must be taken back (a negative number) when an attempt is lost.
        Raises StorageError (403 when the grant has expired), Unreachable, OSError when the file cannot be read.
        """
        sent = 0

        def count(chunk_bytes: int) -> None:
            nonlocal sent
            sent += chunk_bytes
            on_bytes(chunk_bytes)

        def attempt() -> httpx.Response:
            count(-sent)
            with CountedFile(path, count) as file:
                return self._http.post(grant.url, data=dict(grant.fields), files={"file": (path.name, file)})

        try:
            response = self.retries.send(attempt, _is_transient)
            _raise_for_storage(response)
        except BaseException:
            count(-sent)
            raise

    def get(self, url: str) -> bytes:
        """The bytes behind a presigned URL. Raises StorageError, Unreachable."""
        response = self.retries.send(lambda: self._http.get(url))
        _raise_for_storage(response)
        return response.content

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


@cache
def trusted_roots() -> ssl.SSLContext:
    """One for all connections: reading the certificates takes longer than a request."""
    return httpx.create_ssl_context()


class CountedFile(io.FileIO):
    """A file that reports how many bytes each read gave."""

    def __init__(self, path: Path, on_bytes: Callable[[int], None]) -> None:
        super().__init__(path, "rb")
        self._on_bytes = on_bytes

    def read(self, size: int | None = -1, /) -> bytes:  # a file on disk never blocks
        chunk = super().read(-1 if size is None else size) or b""
        self._on_bytes(len(chunk))
        return chunk


def _is_transient(response: httpx.Response) -> bool:
    return is_transient(response) or (
        response.status_code == HTTPStatus.BAD_REQUEST and _tag(response, "Code") in TRANSIENT_CODES
    )


def _raise_for_storage(response: httpx.Response) -> None:
    if response.is_success:
        return
    code = _tag(response, "Code") or f"http_{response.status_code}"
    raise StorageError(response.status_code, code, _tag(response, "Message") or "The storage refused the file")


def _tag(response: httpx.Response, name: str) -> str:
    """The text of one element of S3's error document; it is flat, so no XML parser is let near a stranger's bytes."""
    match = re.search(rf"<{name}>([^<]*)</{name}>", response.text[:ERROR_TEXT_BYTES])
    return match.group(1) if match else ""
