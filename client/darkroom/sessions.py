"""Upload sessions: taken up again from the journal, or opened anew, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from darkroom.api import Client
from darkroom.errors import ApiError, FieldError
from darkroom.files import LocalFile
from darkroom.journal import Entry, Journal, OpenSession
from darkroom.models import GrantedTask, UploadSession
from darkroom.verdicts import refused_files

MAX_FILES = 10_000
# What the server calls a session that is no more (or was never ours).
GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


@dataclass(frozen=True, slots=True)
class Session:
    """A session to bring to its end. `to_send` are the entries whose file must still go out."""

    job_id: str
    entries: tuple[Entry, ...]
    to_send: tuple[Entry, ...]
    granted: tuple[GrantedTask, ...] = ()


def reopen_sessions(client: Client, journal: Journal, files: Sequence[LocalFile]) -> tuple[Session, ...]:
    """The journal's sessions that are still open, with those of their files that are unchanged."""
    unclaimed = {file.path: file for file in files}
    sessions = (_reopen(client, known, journal.sent, unclaimed) for known in journal.sessions)
    return tuple(session for session in sessions if session)


def open_sessions(
    client: Client, project: str, files: Sequence[LocalFile], on_refused: Callable[[LocalFile, FieldError], None]
) -> Iterator[Session]:
    """New sessions for these files, as many as the server's limit makes of them; each opens when it is asked for."""
    max_files = MAX_FILES
    waiting = list(files)
    while waiting:
        part = waiting[:max_files]
        try:
            opened = client.create_upload(project, [file.declare() for file in part])
        except ApiError as error:
            if error.code == "too_many_files" and error.limit and error.limit < len(part):
                max_files = int(error.limit)
                continue
            refused = {position: why for position, why in refused_files(error).items() if position < len(part)}
            if not refused:
                raise
            for position, why in refused.items():
                on_refused(part[position], why)
            waiting = [file for position, file in enumerate(waiting) if position not in refused]
            continue
        del waiting[:max_files]
        yield _begin(opened, part)


def _begin(opened: UploadSession, files: Sequence[LocalFile]) -> Session:
    entries = tuple(Entry(task.task_id, file) for task, file in zip(opened.uploads, files, strict=True))
    pending = {task.task_id for task in opened.uploads if task.status == "pending"}
    to_send = tuple(entry for entry in entries if entry.task_id in pending)
    return Session(opened.job_id, entries, to_send, opened.uploads)


def _reopen(
    client: Client, known: OpenSession, sent: set[tuple[str, str]], unclaimed: dict[Path, LocalFile]
) -> Session | None:
    try:
        job = client.get_upload(known.job_id)
        if job is None or job.is_ended:
            return None
        tasks = {task.task_id: task for task in client.list_tasks(known.job_id)}
    except ApiError as error:
        if error.status in GONE:
            return None
        raise
    entries = tuple(
        Entry(entry.task_id, unclaimed.pop(entry.file.path))
        for entry in known.entries
        if entry.task_id in tasks and entry.file.path in unclaimed
        if unclaimed[entry.file.path].version == entry.file.version
    )
    to_send = tuple(
        entry
        for entry in entries
        if tasks[entry.task_id].status == "pending" and (known.job_id, entry.task_id) not in sent
    )
    return Session(known.job_id, entries, to_send) if entries else None
