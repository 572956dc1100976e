"""The upload as a whole: find, hash, open or reopen sessions, send, and follow the job to its end."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from darkroom.api import Client
from darkroom.errors import FieldError
from darkroom.files import LocalFile, find_files, hash_files
from darkroom.following import follow
from darkroom.journal import Journal, OpenSession, journal_path
from darkroom.models import Job
from darkroom.progress import OnProgress, Tally
from darkroom.sending import Brake, Sender
from darkroom.sessions import Session, open_sessions, reopen_sessions
from darkroom.verdicts import Verdict, by_declaration, by_read_error, by_task


@dataclass(frozen=True, slots=True)
class UploadReport:
    """A verdict for each file in the order they were found, the files that are no images, and the jobs' last counts."""

    verdicts: tuple[Verdict, ...]
    skipped: tuple[str, ...]
    jobs: tuple[Job, ...]

    @property
    def is_fine(self) -> bool:
        return all(verdict.is_fine for verdict in self.verdicts)


def upload_files(
    client: Client,
    paths: Sequence[Path],
    project: str,
    *,
    parallel: int = 8,
    state_dir: Path | None = None,
    on_progress: OnProgress | None = None,
) -> UploadReport:
    """Upload files and folders, and wait until the server has a verdict on each.

    With a `state_dir` a run that was cut short goes on where it stopped when it is called again with the same client
    address, project and paths. `on_progress` is called from several threads, one call at a time.
    Raises ConfigError, ApiError, Unreachable, and OSError when `state_dir` cannot be written; what concerns one file
    alone is in its verdict.
    """
    journal = Journal(journal_path(state_dir, client.base_url, project, paths) if state_dir else None)
    tally = Tally(on_progress)
    found = find_files(paths)
    tally.found(len(found.files))
    files, unreadable = hash_files(journal.add_hashes(found.files), tally.hashed)
    verdicts = [by_read_error(file, error) for file, error in unreadable.items()]
    jobs: list[Job] = []

    def refuse(file: LocalFile, why: FieldError) -> None:
        verdicts.append(by_declaration(file, why))

    reopened = reopen_sessions(client, journal, files)
    journal.restart([OpenSession(session.job_id, session.entries) for session in reopened])
    claimed = {entry.file.path for session in reopened for entry in session.entries}
    others = [file for file in files if file.path not in claimed]
    for session in chain(reopened, open_sessions(client, project, others, refuse)):
        journal.add_session(OpenSession(session.job_id, session.entries))
        job, found_out = run_session(client, session, parallel, journal, tally)
        jobs.append(job)
        verdicts += found_out

    if all(job.is_ended for job in jobs):
        journal.delete()
    order = {file.path: position for position, file in enumerate(found.files)}
    verdicts.sort(key=lambda verdict: order[verdict.file.path])
    return UploadReport(tuple(verdicts), found.skipped, tuple(jobs))


def run_session(
    client: Client, session: Session, parallel: int, journal: Journal, tally: Tally
) -> tuple[Job, list[Verdict]]:
    """Send what must be sent and follow the job until every file has its verdict."""
    brake = Brake()
    sender = Sender(client, session, journal, tally, brake)
    tally.opened(len(session.to_send), sum(entry.file.bytes for entry in session.to_send))
    with ThreadPoolExecutor(parallel) as pool:
        try:
            for entry in session.to_send:
                pool.submit(sender.send, entry).add_done_callback(brake.watch)
            job, tasks = follow(client, session, sender, tally, brake)
            sender.close()
        except BaseException:
            brake.pull()
            raise
    return job, [
        by_task(entry.file, job, tasks[entry.task_id], sender.faults.get(entry.task_id)) for entry in session.entries
    ]
