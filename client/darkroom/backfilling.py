"""A job over a project from its start, or from the middle of one that runs already, to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.prompt import Prompt

from darkroom.actions import QualityOptions, StartedJob
from darkroom.api import Client
from darkroom.errors import ApiError
from darkroom.files import printable
from darkroom.job_tables import receipt_lines
from darkroom.live import JobLines
from darkroom.models import Job, Task
from darkroom.tables import task_reason
from darkroom.terminal import Interrupted, err, is_interactive, note
from darkroom.watching import EndedTasks, read_job, watch


@dataclass(frozen=True, slots=True)
class Target:
    """The job to follow, from which `seq` on its tasks are news."""

    job_id: str
    since: int = 0


Start = Callable[[str, QualityOptions], StartedJob]


def start_or_join(client: Client, start: Start, project: str, options: QualityOptions) -> Target:
    """Start the project's job; where one of the kind is active, that one. Raises ApiError."""
    try:
        started = start(project, options)
    except ApiError as error:
        if error.code != "job_active" or not error.job_id:
            raise
        note(f"job {error.job_id} is at it already; following that one")
        return Target(error.job_id, read_job(client, error.job_id).seq)
    note(f"job {started.job_id}: {started.message}" if started.message else f"job {started.job_id} started")
    # A job that is resumed has tasks that ended long ago.
    return Target(started.job_id, read_job(client, started.job_id).seq if options.resume else 0)


def follow(client: Client, target: Target, *, is_verbose: bool) -> Job:
    """Show the job on stderr until it has ended. Ctrl-C asks whether to cancel; raises Interrupted to leave it."""
    ended = EndedTasks(client, target.job_id, target.since) if is_verbose else None
    while True:
        try:
            return _show(client, target.job_id, ended)
        except KeyboardInterrupt:
            answer = _ask_what_now()
        if answer == "d":
            raise Interrupted(
                f"Detached: the job goes on. Watch it with: darkroom status {target.job_id} --watch\n"
                f"Cancel it with: darkroom cancel {target.job_id}"
            )
        if answer == "c":
            for line in receipt_lines(client.cancel_job(target.job_id)):
                note(line)


def _show(client: Client, job_id: str, ended: EndedTasks | None) -> Job:
    with JobLines(err) as lines:
        for job in watch(client, job_id):
            lines(job)
            for task in ended.read(job) if ended else ():
                note(task_line(task))
    return job


def task_line(task: Task) -> str:
    """'failed  bad.jpg  too_many_pixels: Too many pixels'."""
    name = printable(task.filename or task.asset_id or task.task_id)
    return f"{task.outcome or task.status}  {name}  {printable(task_reason(task))}".rstrip()


def _ask_what_now() -> str:
    if not is_interactive():
        return "d"
    try:
        return Prompt.ask("c cancels the job, d leaves it running, g goes on", choices=["c", "d", "g"], console=err)
    except (KeyboardInterrupt, EOFError):
        return "d"
