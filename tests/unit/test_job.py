from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.job import ENDED_JOB, LIFE_AFTER_END, Job, JobStatus, settle
from shared.domain.task import TaskStatus
from tests.unit.jobs import NOW, job, known, task

LATER = NOW + timedelta(minutes=5)

counts = st.dictionaries(st.sampled_from(TaskStatus), st.integers(0, 10_000))


def job_of(found: dict[TaskStatus, int]) -> Job:
    return replace(job(), status=JobStatus.PENDING, counts=found, total=sum(found.values()))


def test_new_job_is_pending_and_counts_every_task() -> None:
    opened = job(task(0), task(1))

    assert (opened.status, opened.total, opened.remaining) == (JobStatus.PENDING, 2, 2)
    assert (opened.started_at, opened.completed_at, opened.progress_pct) == (None, None, 0.0)


def test_empty_job_is_completed_at_once() -> None:
    opened = job()

    assert (opened.status, opened.total, opened.progress_pct) == (JobStatus.COMPLETED, 0, 100.0)
    assert opened.completed_at == NOW


def test_job_of_known_files_is_completed_at_once() -> None:
    opened = job(known(0), known(1))

    assert (opened.status, opened.completed_at) == (JobStatus.COMPLETED, NOW)


def test_job_of_some_known_files_has_begun() -> None:
    opened = job(known(0), task(1))

    assert (opened.status, opened.started_at, opened.progress_pct) == (JobStatus.PROCESSING, NOW, 50.0)


def test_job_whose_images_are_all_bad_is_completed() -> None:
    settled = settle(job_of({TaskStatus.FAILED: 3}), LATER)

    assert (settled.status, settled.progress_pct) == (JobStatus.COMPLETED, 100.0)


def test_failed_and_skipped_tasks_have_ended_too() -> None:
    found = job_of({TaskStatus.FAILED: 1, TaskStatus.SKIPPED: 1, TaskStatus.COMPLETED: 1, TaskStatus.PROCESSING: 1})

    assert (found.ended_tasks, found.remaining, found.progress_pct) == (3, 1, 75.0)


def test_progress_has_one_decimal() -> None:
    found = job_of({TaskStatus.COMPLETED: 1, TaskStatus.PENDING: 2})

    assert found.progress_pct == 33.3


def test_job_keeps_the_time_it_began_when_it_completes() -> None:
    begun = settle(job_of({TaskStatus.COMPLETED: 1, TaskStatus.PENDING: 1}), NOW)

    ended = settle(replace(begun, counts={TaskStatus.COMPLETED: 2}), LATER)

    assert (ended.started_at, ended.completed_at) == (NOW, LATER)


def test_ended_job_lives_on_from_its_end() -> None:
    ended = settle(job_of({TaskStatus.COMPLETED: 1}), LATER)

    assert ended.expires_at == LATER + LIFE_AFTER_END


@pytest.mark.parametrize("status", sorted(ENDED_JOB))
def test_ended_job_stays_as_it_is(status: JobStatus) -> None:
    ended = replace(job_of({TaskStatus.COMPLETED: 1}), status=status)

    assert settle(ended, LATER) == ended


def test_job_expires_at_its_time_and_not_before() -> None:
    opened = job(task())

    assert not opened.is_expired(opened.expires_at - timedelta(seconds=1))
    assert opened.is_expired(opened.expires_at)


@given(counts)
def test_job_is_completed_exactly_when_nothing_remains(found: dict[TaskStatus, int]) -> None:
    settled = settle(job_of(found), LATER)

    assert (settled.status is JobStatus.COMPLETED) == (settled.remaining == 0)


@given(counts)
def test_progress_stays_between_0_and_100(found: dict[TaskStatus, int]) -> None:
    assert 0 <= job_of(found).progress_pct <= 100


@given(counts)
def test_settling_twice_changes_nothing(found: dict[TaskStatus, int]) -> None:
    settled = settle(job_of(found), LATER)

    assert settle(settled, LATER) == settled
