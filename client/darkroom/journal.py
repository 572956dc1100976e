"""What an interrupted upload leaves behind, so that the same command goes on where it stopped.

One JSON line for each session opened and each file sent: appending survives a crash, and a torn last line is ignored.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from darkroom.files import LocalFile


@dataclass(frozen=True, slots=True)
class Entry:
    """A file and its task."""

    task_id: str
    file: LocalFile


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as the journal knows it: the job and its files."""

    job_id: str
    entries: tuple[Entry, ...]


def journal_path(folder: Path, base_url: str, project: str, paths: Sequence[Path]) -> Path:
    """Where the journal of this very upload is kept: the same API, project and paths find it again."""
    identity = json.dumps([base_url, project, sorted({str(path.resolve()) for path in paths})])
    return folder / f"upload-{hashlib.sha256(identity.encode()).hexdigest()[:32]}.jsonl"


class Journal:
    """Safe to share between threads. Without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.sessions: tuple[OpenSession, ...] = ()
        self.sent: set[tuple[str, str]] = set()  # (job_id, task_id)
        for line in _lines(path):
            if "job_id" in line:
                self.sessions += (_parse_session(line),)
            if "sent" in line:
                self.sent.add((line["job"], line["sent"]))

    def add_hashes(self, files: Sequence[LocalFile]) -> tuple[LocalFile, ...]:
        """The same files, with their hash where the journal has seen them as they are now."""
        entries = (entry.file for session in self.sessions for entry in session.entries)
        known = {file.version: file.sha256 for file in entries}
        return tuple(replace(file, sha256=known.get(file.version, "")) for file in files)

    def restart(self, sessions: Sequence[OpenSession]) -> None:
        """Keep these sessions and forget the others."""
        self.sessions = tuple(sessions)
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = {session.job_id for session in sessions}
        self.sent = {(job_id, task_id) for job_id, task_id in self.sent if job_id in kept}
        lines = [_session_line(session) for session in sessions] + [_sent_line(*sent) for sent in sorted(self.sent)]
        fresh = self._path.with_suffix(".new")
        fresh.write_text("".join(json.dumps(line) + "\n" for line in lines))
        fresh.replace(self._path)

    def add_session(self, session: OpenSession) -> None:
        """Remember a session that was just opened; one that is known already stays as it is."""
        if any(known.job_id == session.job_id for known in self.sessions):
            return
        self.sessions += (session,)
        self._append(_session_line(session))

    def mark_sent(self, job_id: str, task_id: str) -> None:
        """Remember that S3 has this task's file."""
        with self._lock:
            self.sent.add((job_id, task_id))
            self._append(_sent_line(job_id, task_id))

    def delete(self) -> None:
        """Forget this upload: nothing is left to resume."""
        if self._path:
            self._path.unlink(missing_ok=True)

    def _append(self, line: dict[str, Any]) -> None:
        if self._path is None:
            return
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def _lines(path: Path | None) -> Iterator[dict[str, Any]]:
    if path is None or not path.exists():
        return
    for text in path.read_text().splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            yield line


def _session_line(session: OpenSession) -> dict[str, Any]:
    files = [
        [entry.task_id, os.fspath(file.path), file.label, file.content_type, file.bytes, file.mtime_ns, file.sha256]
        for entry in session.entries
        for file in [entry.file]
    ]
    return {"job_id": session.job_id, "files": files}


def _sent_line(job_id: str, task_id: str) -> dict[str, Any]:
    return {"job": job_id, "sent": task_id}


def _parse_session(line: dict[str, Any]) -> OpenSession:
    entries = (Entry(task_id, LocalFile(Path(path), *rest)) for task_id, path, *rest in line["files"])
    return OpenSession(line["job_id"], tuple(entries))
