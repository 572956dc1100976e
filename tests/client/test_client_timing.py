"""How long a job took, from the server's times alone."""

from datetime import UTC, datetime

import pytest

from darkroom import Job
from darkroom.live import count_line, pace_line
from darkroom.timing import Timing, server_time, timing

STARTED = "2025-01-01T12:00:00Z"
NOW = datetime(2025, 1, 1, 12, 1, tzinfo=UTC)
LAST_CHANGE = datetime(2025, 1, 1, 12, 0, 30, 500_000, tzinfo=UTC)


def test_ended_job_is_timed_from_its_start_to_its_end() -> None:
    job = Job("j", "completed", 10, started_at=STARTED, completed_at="2025-01-01T12:00:20Z", processed=8, failed=2)

    assert timing(job, NOW) == Timing(20.0, 2.0, 0.5)


def test_running_job_is_timed_to_the_servers_now() -> None:
    job = Job("j", "processing", 100, started_at=STARTED, processed=30)

    assert timing(job, NOW) == Timing(60.0, 2.0, 0.5)


def test_skipped_images_make_no_job_faster() -> None:
    job = Job("j", "cancelled", 100, started_at=STARTED, completed_at="2025-01-01T12:00:20Z", processed=10, skipped=90)

    assert timing(job) == Timing(20.0, 2.0, 0.5)


def test_nothing_is_said_of_what_is_not_known() -> None:
    waiting = Job("j", "pending", None)
    begun = Job("j", "processing", 5, started_at=STARTED)

    assert timing(waiting, NOW) == Timing()
    assert timing(begun, NOW) == Timing(60.0)
    assert count_line(waiting) == "pending: the images are still being listed"
    assert count_line(Job("j", "failed", None)) == "failed: the images were not listed"
    assert pace_line(waiting, NOW) == "pending"
    assert pace_line(begun, NOW) == "1 min 0 s so far"


def test_lines_tell_counts_time_pace_and_what_is_left() -> None:
    job = Job("j", "processing", 1_234, processed=28, failed=2, progress_pct=2.4, started_at=STARTED, eta_s=2408.0)

    assert count_line(job) == "30 of 1,234 (2.4 %): 28 succeeded, 2 failed"
    assert pace_line(job, NOW) == "1 min 0 s so far, 2.00 s per image, 30.0 images a minute, about 40 min 8 s left"


@pytest.mark.parametrize(
    ("answered_at", "at"),
    [
        ("Wed, 01 Jan 2025 12:01:00 GMT", NOW),
        ("Wed, 01 Jan 2025 12:00:30 GMT", LAST_CHANGE),
        ("soon", LAST_CHANGE),
        (None, LAST_CHANGE),
    ],
)
def test_clock_is_the_servers_and_never_before_the_last_change(answered_at: str | None, at: datetime) -> None:
    job = Job("j", "processing", 1, updated_at="2025-01-01T12:00:30.5Z", answered_at=answered_at)

    assert server_time(job) == at


def test_server_without_any_time_gives_no_clock() -> None:
    assert server_time(Job("j", "processing", 1)) is None
