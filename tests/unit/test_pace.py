from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.eta import BUDGET, TRACES, replay
from shared.domain.pace import MAX_SAMPLES, Pace, eta_s, observe, poll_after_ms, rate
from tests.unit.jobs import NOW


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def pace_of(*news: tuple[float, int]) -> Pace:
    """The pace once so many tasks had ended, so many seconds after NOW."""
    pace = Pace()
    for seconds, ended in news:
        pace = observe(pace, after(seconds), ended)
    return pace


def steady_pace(until: int, per_second: int = 1) -> Pace:
    return pace_of(*((second, second * per_second) for second in range(until + 1)))


@pytest.mark.parametrize("name", TRACES)
def test_median_error_is_a_tenth_at_most_after_the_first_fifth(name: str) -> None:
    errors = replay(TRACES[name])

    assert median(errors.ours) <= BUDGET


@pytest.mark.parametrize("count", [100, 100_000])
def test_steady_job_of_any_size_is_within_the_budget(count: int) -> None:
    errors = replay(TRACES["constant, ±50 % a task"], count, range(3))

    assert median(errors.ours) <= BUDGET


@pytest.mark.parametrize("pace", [Pace(), pace_of((0, 0)), pace_of((0, 0), (9, 0)), pace_of((0, 4), (0, 9))])
def test_nothing_is_said_before_anything_was_measured(pace: Pace) -> None:
    assert eta_s(pace, 10, after(60)) is None
    assert rate(pace, after(60)) is None


def test_job_that_is_still_being_listed_has_no_eta() -> None:
    assert eta_s(Pace(), 0, NOW) is None


def test_nothing_remains_takes_no_time() -> None:
    assert eta_s(steady_pace(10), 0, after(10)) == 0


def test_steady_job_takes_what_remains_at_its_rate() -> None:
    assert eta_s(steady_pace(100, per_second=5), 500, after(100)) == 100


def test_what_had_ended_before_the_first_look_is_not_counted_as_speed() -> None:
    assert eta_s(pace_of((0, 1000), (10, 1010)), 20, after(10)) == 20


def test_eta_counts_down_between_two_batches() -> None:
    batches = pace_of((0, 0), (30, 50), (60, 100), (90, 150))

    assert [eta_s(batches, 100, after(90 + silence)) for silence in (0, 10, 30)] == [60, 50, 30]


def test_eta_rises_in_an_unusual_silence() -> None:
    batches = pace_of((0, 0), (30, 50), (60, 100), (90, 150))

    assert [eta_s(batches, 100, after(90 + silence)) for silence in (31, 60, 600)] == [31, 60, 600]


def test_eta_rises_when_the_last_task_is_overdue() -> None:
    assert [eta_s(steady_pace(99), 1, after(99 + silence)) for silence in (0, 1, 5, 60)] == [1, 0, 4, 59]


def test_rate_falls_in_an_unusual_silence_only() -> None:
    batches = pace_of((0, 0), (30, 60), (60, 120), (90, 180))

    assert [rate(batches, after(90 + silence)) for silence in (0, 30, 60)] == [2, 2, 1]


def test_clock_that_is_behind_does_no_harm() -> None:
    pace = pace_of((0, 0), (10, 10), (9, 12))

    assert pace.samples[-1] == (after(10).timestamp(), 12)
    assert eta_s(pace, 12, after(8)) == 10


def test_repeated_count_is_no_news() -> None:
    pace = pace_of((0, 0), (10, 10))

    assert observe(pace, after(20), 10) is pace


def test_samples_cover_the_run_evenly_however_often_it_is_observed() -> None:
    pace = pace_of(*((ended / 100, ended) for ended in range(20_000)))

    seconds = [at - NOW.timestamp() for at, _ in pace.samples]
    assert len(seconds) == MAX_SAMPLES
    assert (seconds[0], round(seconds[-1], 2)) == (0, 199.99)
    assert max(b - a for a, b in pairwise(seconds)) < 25


def test_row_of_the_former_way_is_read() -> None:
    start = NOW.timestamp()
    repeated = Pace(tuple((start + second, min(second, 9)) for second in range(MAX_SAMPLES)))

    pace = observe(repeated, after(30), 39)

    assert eta_s(repeated, 10, after(23)) == pytest.approx(25.6)
    assert eta_s(pace, 10, after(30)) is not None
    assert len(pace.samples) == MAX_SAMPLES


@given(
    st.lists(st.tuples(st.floats(-60, 1e6), st.integers(0, 10**6)), max_size=80),
    st.integers(0, 10**6),
    st.floats(-60, 1e7),
)
def test_whatever_was_observed_the_answers_are_in_bounds(
    news: list[tuple[float, int]], remaining: int, seconds: float
) -> None:
    pace = pace_of(*news)

    assert len(pace.samples) <= MAX_SAMPLES
    assert list(pace.samples) == sorted(pace.samples)
    assert (eta_s(pace, remaining, after(seconds)) or 0) >= 0
    assert poll_after_ms(pace, remaining, False, NOW, after(seconds)) in {1000, 2000, 5000}


@pytest.mark.parametrize(
    ("pace", "remaining", "silence", "expected"),
    [
        (Pace(), 10, 0, 1000),
        (Pace(), 10, 30, 1000),
        (Pace(), 10, 31, 5000),
        (steady_pace(100, per_second=100), 10_000, 0, 1000),
        (steady_pace(100, per_second=2), 100, 0, 1000),
        (steady_pace(100), 100, 0, 2000),
        (steady_pace(100), 6, 0, 2000),
        (steady_pace(100), 5, 0, 1000),
        (steady_pace(100), 4, 20, 5000),
        (pace_of((0, 0), (10, 2), (20, 4)), 100, 0, 5000),
        (steady_pace(100, per_second=100), 10_000, 31, 5000),
    ],
    ids=[
        "has not begun",
        "has not begun for 30 s",
        "has not begun for longer",
        "much moves",
        "20 soon",
        "10 soon",
        "little is left",
        "about to end",
        "last tasks are overdue",
        "little moves",
        "stands still",
    ],
)
def test_poll_follows_what_there_is_to_see(pace: Pace, remaining: int, silence: float, expected: int) -> None:
    changed = after(max((at for at, _ in pace.samples), default=NOW.timestamp()) - NOW.timestamp())

    assert poll_after_ms(pace, remaining, False, changed, changed + timedelta(seconds=silence)) == expected


def test_ended_job_is_polled_calmly() -> None:
    assert poll_after_ms(steady_pace(100, per_second=100), 0, True, after(100), after(100)) == 5000
