"""A job on two lines of stderr, as they change: what is done, and how fast."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from darkroom.bars import unlisted_note
from darkroom.models import Job
from darkroom.timing import server_time, timing
from darkroom.wording import average, duration, rate


class JobLines:
    """Call it with each snapshot of the job. Between two of them only the time moves on, by the server's clock."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._job: Job | None = None
        self._anchor: tuple[datetime, float] | None = None
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()
        if not self._live.console.is_terminal:
            self._live.console.print()  # rich ends the line on terminals alone

    def __call__(self, job: Job) -> None:
        if self._anchor is None and (now := server_time(job)):
            self._anchor = now, self._clock()
        self._job = job

    def _render(self) -> Text:
        if self._job is None:
            return Text("")
        return Text(f"{count_line(self._job)}\n{pace_line(self._job, self._now())}", overflow="ellipsis", no_wrap=True)

    def _now(self) -> datetime | None:
        if self._anchor is None:
            return None
        then, at = self._anchor
        return then + timedelta(seconds=self._clock() - at)


def count_line(job: Job) -> str:
    """'250 of 1,234 (20.3 %): 248 succeeded, 2 failed'."""
    if job.total is None:
        return unlisted_note(job)
    parts = [f"{job.processed:,} succeeded", f"{job.failed:,} failed"]
    if job.skipped:
        parts.append(f"{job.skipped:,} skipped")
    return f"{job.ended_tasks:,} of {job.total:,} ({job.progress_pct:.1f} %): {', '.join(parts)}"


def pace_line(job: Job, now: datetime | None) -> str:
    """'8 min 32 s so far, 2.05 s per image, 29.3 images a minute, about 33 min 54 s left'; what is known of it."""
    known = timing(job, now)
    parts: list[str] = []
    if known.elapsed_s is not None:
        parts.append(f"{duration(known.elapsed_s)} {'in all' if job.is_ended else 'so far'}")
    if known.average_s is not None and known.rate_per_s is not None:
        parts += [average(known.average_s), rate(known.rate_per_s)]
    if job.is_ended:
        parts.append(job.status)
    elif job.eta_s is not None:
        parts.append(f"about {duration(job.eta_s)} left")
    return ", ".join(parts) or job.status
