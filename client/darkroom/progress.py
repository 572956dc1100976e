"""How far an upload is: bytes as they leave, and the job as the server counts it. Nothing is estimated here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from darkroom.models import Job


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot. `job` is the server's latest word on the session being sent, None before there is one.

    `sent_files` and `sent_bytes` grow towards `files_to_send` and `bytes_to_send`, which leave out what the server
    already has and grow by each session that is opened. `sent_bytes` falls when an attempt is lost.
    """

    found_files: int = 0
    hashed_files: int = 0
    files_to_send: int = 0
    bytes_to_send: int = 0
    sent_files: int = 0
    sent_bytes: int = 0
    job: Job | None = None


OnProgress = Callable[[Progress], None]


class Tally:
    """Adds up what the threads report, and tells `on_progress` of every change, one at a time."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._now = Progress()

    def found(self, files: int) -> None:
        self._change(found_files=files)

    def hashed(self) -> None:
        self._change(hashed_files=1)

    def opened(self, files: int, total_bytes: int) -> None:
        self._change(files_to_send=files, bytes_to_send=total_bytes)

    def sent(self, chunk_bytes: int) -> None:
        self._change(sent_bytes=chunk_bytes)

    def arrived(self) -> None:
        self._change(sent_files=1)

    def heard(self, job: Job) -> None:
        with self._lock:
            self._now = replace(self._now, job=job)
            self._tell()

    def was_there(self, total_bytes: int) -> None:
        """A file that was to be sent need not be: the server has it."""
        self._change(files_to_send=-1, bytes_to_send=-total_bytes)

    def _change(self, **steps: int) -> None:
        with self._lock:
            sums: dict[str, Any] = {name: getattr(self._now, name) + step for name, step in steps.items()}
            self._now = replace(self._now, **sums)
            self._tell()

    def _tell(self) -> None:
        if self._on_progress:
            self._on_progress(self._now)
