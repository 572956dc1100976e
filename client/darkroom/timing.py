"""How long a job has taken and how fast it goes, from the server's times and counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from darkroom.models import Job


@dataclass(frozen=True, slots=True)
class Timing:
    """`average_s` is seconds per image, `rate_per_s` images per second; skipped images count for neither.

    Each is None where there is nothing to compute it from yet.
    """

    elapsed_s: float | None = None
    average_s: float | None = None
    rate_per_s: float | None = None


def timing(job: Job, now: datetime | None = None) -> Timing:
    """A job's timing as of `now` on the server's clock; of a job that has ended, up to its end."""
    start, end = _moment(job.started_at), _end(job) or now
    if start is None or end is None:
        return Timing()
    elapsed_s = max((end - start).total_seconds(), 0.0)
    scored = job.processed + job.failed
    if not scored or not elapsed_s:
        return Timing(elapsed_s)
    return Timing(elapsed_s, elapsed_s / scored, scored / elapsed_s)


def server_time(job: Job) -> datetime | None:
    """The server's clock when it answered. Its header has whole seconds, so the job's last change may be later."""
    known = [moment for moment in (_http_date(job.answered_at), _moment(job.updated_at)) if moment]
    return max(known, default=None)


def _end(job: Job) -> datetime | None:
    return _moment(job.completed_at or job.updated_at) if job.is_ended else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _http_date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text or "").replace(tzinfo=UTC)
    except ValueError:
        return None
