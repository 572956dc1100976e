"""Sends the files of one session, from several threads."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from http import HTTPStatus

from darkroom.api import Client
from darkroom.errors import ApiError, StorageError
from darkroom.grants import GrantBook
from darkroom.journal import Entry, Journal
from darkroom.models import TaskError
from darkroom.progress import Tally
from darkroom.sessions import Session

MAX_GRANTS_PER_FILE = 3
# The session is over: what is left has nowhere to go, and the server's count of it is the truth.
SESSION_ENDS = frozenset({"job_cancelled", "expired"})


class Stopped(Exception):
    """The run is ending; whoever meets this gives up at once."""


class Brake:
    """Stops every thread of a run: at its next chunk, or in the middle of a wait. Keeps the first error that did it."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.cause: BaseException | None = None

    def pull(self, cause: BaseException | None = None) -> None:
        self.cause = self.cause or cause
        self._event.set()

    def watch(self, future: Future[None]) -> None:
        """Pull when a thread's work failed."""
        if not future.cancelled() and (error := future.exception()):
            self.pull(error)

    def check(self) -> None:
        if self._event.is_set():
            raise Stopped

    def wait(self, seconds: float) -> None:
        if self._event.wait(seconds):
            raise Stopped


class Sender:
    """`faults` are the tasks whose file did not go out, each with the reason."""

    def __init__(self, client: Client, session: Session, journal: Journal, tally: Tally, brake: Brake) -> None:
        self._client = client.waiting_with(brake.wait)
        self._grants = GrantBook(self._client, session.job_id, [entry.task_id for entry in session.to_send])
        self._grants.put(session.granted)
        self._job_id = session.job_id
        self._journal = journal
        self._tally = tally
        self._brake = brake
        self._is_over = False
        self.faults: dict[str, TaskError] = {}

    def close(self) -> None:
        """Send no further file of this session."""
        self._is_over = True

    def send(self, entry: Entry) -> None:
        """Send one file. What concerns this file alone becomes its fault; what concerns the run is raised."""
        try:
            if not self._is_over:
                self._brake.check()
                self._send(entry)
        except Stopped:
            return
        except StorageError as error:
            self.faults[entry.task_id] = TaskError(error.code, error.detail)
        except ApiError as error:
            if error.code not in SESSION_ENDS:
                raise
            self.close()

    def _send(self, entry: Entry) -> None:
        for attempt in range(1, MAX_GRANTS_PER_FILE + 1):
            grant = self._grants.take(entry.task_id)
            if grant is None:
                self._tally.was_there(entry.file.bytes)
                return
            if not entry.file.is_unchanged():
                self.faults[entry.task_id] = TaskError("file_changed", "The file changed while it was being uploaded.")
                return
            try:
                self._client.storage.post_file(grant, entry.file.path, self._count)
            except StorageError as error:
                if error.status != HTTPStatus.FORBIDDEN or attempt == MAX_GRANTS_PER_FILE:
                    raise
                continue  # the grant has expired; the next one is new
            except OSError as error:
                self.faults[entry.task_id] = TaskError("unreadable_file", error.strerror or "The file cannot be read.")
                return
            self._journal.mark_sent(self._job_id, entry.task_id)
            self._tally.arrived()
            return

    def _count(self, chunk_bytes: int) -> None:
        if chunk_bytes > 0:
            self._brake.check()
        self._tally.sent(chunk_bytes)
