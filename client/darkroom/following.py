"""Follows a job by what the server says of it, and by nothing else."""

from __future__ import annotations

from darkroom.api import Client
from darkroom.errors import UnexpectedAnswer
from darkroom.models import Job, Task
from darkroom.progress import Tally
from darkroom.sending import Brake, Sender, Stopped
from darkroom.sessions import Session


def follow(client: Client, session: Session, sender: Sender, tally: Tally, brake: Brake) -> tuple[Job, dict[str, Task]]:
    """The job and its tasks, once it has ended, or once only files that could not be sent keep it open.

    Raises what stopped the sending, ApiError, Unreachable.
    """
    job: Job | None = None
    while True:
        job = client.get_upload(session.job_id, etag=job.etag if job else None) or job
        if job is None:
            raise UnexpectedAnswer("The API called a session unchanged that was not asked for before.")
        tally.heard(job)
        if job.is_ended or job.remaining <= _unattended(job, session, sender):
            tasks = {task.task_id: task for task in client.list_tasks(session.job_id)}
            if job.is_ended or _all_ended(session, sender, tasks):
                return job, tasks
        _wait(job, brake)


def _wait(job: Job, brake: Brake) -> None:
    try:
        brake.wait(job.poll_after_s)
    except Stopped:
        raise brake.cause or Stopped from None


def _unattended(job: Job, session: Session, sender: Sender) -> int:
    """How many of the job's files will never come from here: changed or gone since, or impossible to send."""
    return (job.total or 0) - len(session.entries) + len(sender.faults)


def _all_ended(session: Session, sender: Sender, tasks: dict[str, Task]) -> bool:
    return all(tasks[entry.task_id].is_ended for entry in session.entries if entry.task_id not in sender.faults)
