"""The ETA's error on replayed jobs, beside that of elapsed time per task: `python -m benchmarks.eta`.

A trace is when each task of a job ended, in seconds from its beginning. It is counted as the projector counts, and
polled at chance moments from the first fifth of the run to its end. The error of a poll is |predicted − actual time
left|, in parts of the actual time left or, in the last twentieth of the run, of that. No prediction is an error of
100 %.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate
from random import Random
from statistics import median, quantiles

from shared.domain.pace import Pace, eta_s, observe

Trace = Callable[[int, Random], list[float]]

TASKS = 2000
SEEDS = range(10)
POLLS = 200
FROM_SHARE = 0.2
FLOOR_SHARE = 0.05
BUDGET = 0.10
RATE = 10.0
"""Tasks a second, about, in all traces but the batches."""
PROJECTION_S, PROJECTION_TASKS = 0.1, 99
"""What the projector counts at once."""
BATCH = 50
BEGIN = datetime(2026, 1, 2, tzinfo=UTC)


def steady(count: int, rng: Random, speed: Callable[[float], float] = lambda _: 1.0) -> list[float]:
    """One task after the other, each 0.5 to 1.5 times the usual, at a speed by the share of tasks that have ended."""
    return list(accumulate(rng.uniform(0.5, 1.5) / RATE / speed(i / count) for i in range(count)))


def batches(count: int, rng: Random, every_s: float) -> list[float]:
    """50 tasks at a time, within a moment, up to 5 % late."""
    ends: list[float] = []
    for first in range(0, count, BATCH):
        at = (first // BATCH + 1) * every_s + rng.uniform(0, 0.05 * every_s)
        ends += (at + rng.uniform(0, 0.3) for _ in range(min(BATCH, count - first)))
    return sorted(ends)


def pool(count: int, workers: int, cost_s: Callable[[], float], stall_at: float = 0, stall_s: float = 0) -> list[float]:
    """Workers that each take the next task when they are free; one of them stalls once."""
    free, ends = [(0.0, worker) for worker in range(workers)], []
    for _ in range(count):
        at, worker = heapq.heappop(free)
        end = at + cost_s()
        if worker == 0 and at <= stall_at < end:
            end += stall_s
        ends.append(end)
        heapq.heappush(free, (end, worker))
    return sorted(ends)


def two_workers(count: int, rng: Random) -> list[float]:
    run_s = count / RATE
    return pool(count, 2, lambda: rng.uniform(1, 3) / RATE, rng.uniform(0.2, 0.8) * run_s, 0.1 * run_s)


def heavy_tailed(count: int, rng: Random) -> list[float]:
    """8 workers on log-normal costs with σ = 1: one task in a hundred takes ten times the median or more."""
    return pool(count, 8, lambda: rng.lognormvariate(0, 1) * 8 / 1.65 / RATE)


TRACES: dict[str, Trace] = {
    "constant, ±50 % a task": steady,
    "50 tasks each 2 s": partial(batches, every_s=2),
    "50 tasks each 30 s": partial(batches, every_s=30),
    "cold start: 15 % at a third": partial(steady, speed=lambda done: 1 / 3 if done < 0.15 else 1),
    "falls by 30 %": partial(steady, speed=lambda done: 1 - 0.3 * done),
    "rises by 30 %": partial(steady, speed=lambda done: 1 + 0.3 * done),
    "two workers, one stalls": two_workers,
    "heavy-tailed": heavy_tailed,
    "straggling: 1 % at a quarter": partial(steady, speed=lambda done: 1 / 4 if done >= 0.99 else 1),
}
SIZES = {10: SEEDS, 100: SEEDS, 1000: SEEDS, 100_000: range(2), 1_000_000: range(2)}
SIZED = ("constant, ±50 % a task", "heavy-tailed")


@dataclass(frozen=True)
class Errors:
    ours: list[float]
    naive: list[float]


def replay(trace: Trace, count: int = TASKS, seeds: range = SEEDS) -> Errors:
    """The error of every poll of a few runs of a trace."""
    errors = Errors([], [])
    for seed in seeds:
        rng = Random(seed)
        ends = trace(count, rng)
        run_s = ends[-1]
        for at, ended, pace in polled(ends, sorted(rng.uniform(FROM_SHARE, 1) * run_s for _ in range(POLLS))):
            left_s = run_s - at
            unit_s = max(left_s, FLOOR_SHARE * run_s)
            ours = eta_s(pace, count - ended, BEGIN + timedelta(seconds=at))
            naive = at / ended * (count - ended) if ended else None
            errors.ours.append(1.0 if ours is None else abs(ours - left_s) / unit_s)
            errors.naive.append(1.0 if naive is None else abs(naive - left_s) / unit_s)
    return errors


def polled(ends: list[float], polls: list[float]) -> Iterator[tuple[float, int, Pace]]:
    """Each poll's moment, and the count and pace that it finds."""
    pace, ended = observe(Pace(), BEGIN, 0), 0
    counted = projections(ends)
    upcoming = next(counted, None)
    for at in polls:
        while upcoming and upcoming[0] <= at:
            ended = upcoming[1]
            pace = observe(pace, BEGIN + timedelta(seconds=upcoming[0]), ended)
            upcoming = next(counted, None)
        yield at, ended, pace


def projections(ends: list[float]) -> Iterator[tuple[float, int]]:
    """When the projector counted, and how many tasks had ended: it takes what came within a moment at once."""
    first = 0
    for i, end in enumerate(ends):
        is_last = i + 1 == len(ends) or ends[i + 1] > ends[first] + PROJECTION_S or i + 1 - first == PROJECTION_TASKS
        if is_last:
            yield end, i + 1
            first = i + 1


def main() -> None:
    print(f"{TASKS} tasks, {len(SEEDS)} runs of each trace")
    print(f"{'trace':34}     ours         elapsed/done")
    print(f"{'':34}  median  90 %    median  90 %")
    for name, trace in TRACES.items():
        errors = replay(trace)
        print(line(name, errors), "" if median(errors.ours) <= BUDGET else "OVER")
    print("\nby size")
    for name in SIZED:
        for count, seeds in SIZES.items():
            print(line(f"{name.split(',')[0]}, {count:,} tasks", replay(TRACES[name], count, seeds)))


def line(name: str, errors: Errors) -> str:
    return f"{name:34}  {of(errors.ours)}    {of(errors.naive)}"


def of(errors: list[float]) -> str:
    return f"{median(errors):6.1%} {quantiles(errors, n=10)[-1]:5.0%}"


if __name__ == "__main__":
    main()
