"""Two bars on stderr: the bytes that left, and the job as the server counts it."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as RichProgress

from darkroom.models import Job
from darkroom.progress import Progress
from darkroom.wording import duration, size


class UploadBars:
    """Call it with each Progress. `latest` is the last one, whether or not the bars are shown."""

    def __init__(self, console: Console, *, is_shown: bool = True) -> None:
        self.latest = Progress()
        self._rich = _bars(console, is_shown=is_shown)
        self._sent = self._rich.add_task("Sent", total=None, note="")
        self._job = self._rich.add_task("Job", total=None, note="")

    def __enter__(self) -> Self:
        self._rich.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._rich.stop()

    def __call__(self, now: Progress) -> None:
        self.latest = now
        if now.job is None:
            self._rich.update(self._sent, total=None, note=f"reading {now.hashed_files:,} of {now.found_files:,} files")
            return
        self._rich.update(self._sent, total=now.bytes_to_send or 1, completed=_sent_bytes(now), note=sent_note(now))
        _show_job(self._rich, self._job, now.job)


class JobBar:
    """One bar for a job that is only watched."""

    def __init__(self, console: Console, *, is_shown: bool = True) -> None:
        self._rich = _bars(console, is_shown=is_shown)
        self._job = self._rich.add_task("Job", total=None, note="")

    def __enter__(self) -> Self:
        self._rich.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._rich.stop()

    def __call__(self, job: Job) -> None:
        _show_job(self._rich, self._job, job)


def sent_note(now: Progress) -> str:
    """What left so far, in words: '12.0 MB of 48.1 MB, 3 of 12 files'."""
    if not now.files_to_send:
        return "nothing to send"
    return f"{size(now.sent_bytes)} of {size(now.bytes_to_send)}, {now.sent_files:,} of {now.files_to_send:,} files"


def job_note(job: Job) -> str:
    """The server's counts in words: '120 of 300, 2 failed, about 12 s left'."""
    if job.total is None:
        return unlisted_note(job)
    parts = [f"{job.ended_tasks:,} of {job.total:,}"]
    parts += [f"{count:,} {word}" for count, word in ((job.failed, "failed"), (job.skipped, "skipped")) if count]
    if job.is_ended:
        parts.append(job.status)
    elif job.eta_s is not None:
        parts.append(f"about {duration(job.eta_s)} left")
    return ", ".join(parts)


def unlisted_note(job: Job) -> str:
    """Of a job that has no total yet, or never had one: 'pending: the images are still being listed'."""
    return f"{job.status}: the images {'were not' if job.is_ended else 'are still being'} listed"


def _sent_bytes(now: Progress) -> int:
    return now.sent_bytes if now.bytes_to_send else 1


def _show_job(rich: RichProgress, bar: TaskID, job: Job) -> None:
    # An empty job has nothing to count and is complete; rich would show 0 of 0 as 0 %.
    total, done = (1, 1) if job.total == 0 else (job.total, job.ended_tasks)
    rich.update(bar, total=total, completed=done, note=job_note(job))


def _bars(console: Console, *, is_shown: bool) -> RichProgress:
    return RichProgress(
        TextColumn("{task.description:<4}", markup=False),
        BarColumn(bar_width=32),
        TextColumn("{task.percentage:>5.1f} %", markup=False),
        TextColumn("{task.fields[note]}", markup=False),
        console=console,
        disable=not is_shown,
    )
