"""How fast a job moves, measured; and from it, how long it still takes and when to ask again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MAX_SAMPLES = 24
RECENT_SHARE = 0.5
"""The part of the job's run, up to now, that the rate is measured over."""

POLL_FAST_MS, POLL_STEADY_MS, POLL_CALM_MS = 1000, 2000, 5000


@dataclass(frozen=True)
class Pace:
    """How many tasks had ended at which moment: (seconds since the epoch, count), rising in both."""

    samples: tuple[tuple[float, int], ...] = ()


def observe(pace: Pace, now: datetime, ended: int) -> Pace:
    """Note that `ended` tasks have ended by now. Keeps at most MAX_SAMPLES, by dropping every other older one."""
    at = now.timestamp()
    samples = (*pace.samples, (at, ended))
    if len(samples) > MAX_SAMPLES:
        samples = (samples[0], *samples[1:-1:2], samples[-1])
    return Pace(samples)


def rate(pace: Pace, now: datetime) -> float | None:
    """Tasks that end per second, over the recent share of the run; None until something has ended."""
    if len(pace.samples) < 2:
        return None
    start, (first_at, _) = now.timestamp(), pace.samples[0]
    since = start - (start - first_at) * RECENT_SHARE
    base = max((s for s in pace.samples[:-1] if s[0] <= since), default=pace.samples[0])
    ended = pace.samples[-1][1] - base[1]
    elapsed = start - base[0]
    return ended / elapsed if ended > 0 and elapsed > 0 else None


def eta_s(pace: Pace, remaining: int, now: datetime) -> float | None:
    """Seconds until the job ends, at the measured rate; 0 when nothing remains, None while nothing is known."""
    if remaining == 0:
        return 0.0
    per_second = rate(pace, now)
    return round(remaining / per_second, 1) if per_second else None


def poll_after_ms(pace: Pace, remaining: int, is_ended: bool, now: datetime) -> int:
    """When a poller should ask again: soon while much is moving, late when little is left to see."""
    if is_ended:
        return POLL_CALM_MS
    per_second = rate(pace, now)
    if per_second is None or per_second >= 1:
        return POLL_FAST_MS
    return POLL_STEADY_MS if per_second * 10 >= 1 or remaining > 1 else POLL_CALM_MS
