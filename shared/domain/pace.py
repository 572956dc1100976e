"""How fast a job moves, measured; and from it, how long it still takes and when to ask again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

MAX_SAMPLES = 24
RECENT_SHARE = 0.2
"""The part of the job's run, up to the last news, that the rate is measured over: `python -m benchmarks.eta`."""
RECENT_TASKS = 30
"""A rate of fewer tasks is chance; where the recent share had fewer, it is measured over a longer one."""

POLL_FAST_MS, POLL_STEADY_MS, POLL_CALM_MS = 1000, 2000, 5000
POLLS = ((20, POLL_FAST_MS), (5, POLL_STEADY_MS), (0, POLL_CALM_MS))
"""When to ask again, by how many tasks will have ended in the next LOOK_AHEAD_S, at least."""
LOOK_AHEAD_S = 10
NEAR_END_S = 5
"""A poller that sleeps past the end would tell its user late, so none is sent to sleep for longer than this."""
QUIET = timedelta(seconds=30)

Samples = tuple[tuple[float, int], ...]


@dataclass(frozen=True)
class Pace:
    """How many tasks had ended at which moment: (seconds since the epoch, count), rising in both."""

    samples: Samples = ()


def observe(pace: Pace, now: datetime, ended: int) -> Pace:
    """Note that `ended` tasks have ended by now: the first time, and whenever it is more than before.

    Keeps the first and the last of all samples and, up to MAX_SAMPLES, others that are about evenly apart in time:
    one too many, and the one goes whose neighbours are closest to each other.
    """
    if not pace.samples:
        return Pace(((now.timestamp(), ended),))
    last_at, last_ended = pace.samples[-1]
    if ended <= last_ended:
        return pace
    # Projectors on two machines may follow each other with clocks that disagree.
    samples = (*pace.samples, (max(now.timestamp(), last_at), ended))
    if len(samples) <= MAX_SAMPLES:
        return Pace(samples)
    crowded = min(range(1, len(samples) - 1), key=lambda i: samples[i + 1][0] - samples[i - 1][0])
    return Pace(samples[:crowded] + samples[crowded + 1 :])


def rate(pace: Pace, now: datetime) -> float | None:
    """Tasks that end per second of late; None until something has ended. Falls in an unusual silence."""
    recent = _recent(pace)
    if not recent:
        return None
    overdue_s = max(0.0, _silence_s(recent, now) - _longest_gap_s(recent))
    return _ended(recent) / (_elapsed_s(recent) + overdue_s)


def eta_s(pace: Pace, remaining: int, now: datetime) -> float | None:
    """Seconds until the job ends; None while nothing has ended, 0 when nothing remains.

    What remains is divided by the rate of the last fifth of the run, which ends with the last task that ended: between
    two batches nothing is learnt and the estimate counts down. A silence is usual up to the longest gap in that fifth,
    or until the job should have ended; from then on the estimate rises by a second each second, for a silence that
    has lasted so long will, as a rule of thumb, last as long again. docs/eta.md has its errors.
    """
    recent = _recent(pace)
    if not recent:
        return None
    if remaining == 0:
        return 0.0
    due_s = remaining * _elapsed_s(recent) / _ended(recent)
    silence_s = _silence_s(recent, now)
    usual_s = min(silence_s, due_s, _longest_gap_s(recent))
    return round(due_s - usual_s + (silence_s - usual_s), 1)


def poll_after_ms(pace: Pace, remaining: int, is_ended: bool, changed_at: datetime, now: datetime) -> int:
    """When a poller should ask again. The first line that holds:

    ==================================================  ====
    the job has ended, or has not changed for 30 s      5000
    no task has ended yet                               1000
    the job should end within 5 s                       1000
    20 tasks or more should end in the next 10 s        1000
    5 tasks or more should                              2000
    fewer: little moves, or little is left              5000
    ==================================================  ====
    """
    if is_ended or now - changed_at > QUIET:
        return POLL_CALM_MS
    per_second, left_s = rate(pace, now), eta_s(pace, remaining, now)
    if per_second is None or left_s is None or left_s <= NEAR_END_S:
        return POLL_FAST_MS
    soon = min(remaining, per_second * LOOK_AHEAD_S)
    return next(wait_ms for least, wait_ms in POLLS if soon >= least)


def _recent(pace: Pace) -> Samples:
    """The samples of the recent share of the run, from the last one before it; none if nothing ended in it."""
    if len(pace.samples) < 2:
        return ()
    (first_at, _), (last_at, last_ended) = pace.samples[0], pace.samples[-1]
    since = last_at - (last_at - first_at) * RECENT_SHARE
    before = sum(at <= since and ended <= last_ended - RECENT_TASKS for at, ended in pace.samples[:-1])
    recent = pace.samples[max(0, before - 1) :]
    return recent if _ended(recent) > 0 and _elapsed_s(recent) > 0 else ()


def _ended(samples: Samples) -> int:
    return samples[-1][1] - samples[0][1]


def _elapsed_s(samples: Samples) -> float:
    return samples[-1][0] - samples[0][0]


def _silence_s(samples: Samples, now: datetime) -> float:
    return max(0.0, now.timestamp() - samples[-1][0])


def _longest_gap_s(samples: Samples) -> float:
    return max(after - before for (before, _), (after, _) in pairwise(samples))
