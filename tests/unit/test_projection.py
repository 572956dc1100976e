from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.job import Job, JobStatus
from shared.domain.projection import project
from shared.domain.stage import Stage
from shared.domain.task import UPLOAD_STAGES, StageStatus, Task, TaskStatus
from tests.unit.jobs import NOW, counted, done, failed, job, known, moved, task

LATER = NOW + timedelta(minutes=5)
SIZE = 5

facts = st.dictionaries(st.sampled_from(UPLOAD_STAGES), st.sampled_from(StageStatus))
histories = st.lists(st.tuples(st.integers(0, SIZE - 1), facts), max_size=20)


def counts_of(found: Job) -> dict[TaskStatus, int]:
    return {status: found.counts.get(status, 0) for status in TaskStatus}


def run(history: list[tuple[int, dict[Stage, StageStatus]]]) -> tuple[list[Job], list[Task]]:
    """The job after each fact of a history, every fact counted as it comes, and its tasks at the end."""
    tasks = [task(index) for index in range(SIZE)]
    seen = [job(*tasks)]
    for index, changes in history:
        tasks[index] = moved(tasks[index], changes)
        if projection := project(seen[-1], [tasks[index]], LATER):
            tasks = counted(tasks, projection.counted)
            seen.append(projection.job)
    return seen, tasks


def test_nothing_new_is_nothing_to_count() -> None:
    tasks = [task(0), known(1)]

    assert project(job(*tasks), tasks, LATER) is None


def test_fact_moves_its_task_from_one_counter_to_another() -> None:
    begun = moved(task(0), {Stage.VALIDATION: StageStatus.PROCESSING})

    projection = project(job(task(0), task(1)), [begun], LATER)

    assert projection
    assert counts_of(projection.job)[TaskStatus.PENDING] == 1
    assert counts_of(projection.job)[TaskStatus.PROCESSING] == 1
    assert projection.job.status is JobStatus.PROCESSING


def test_second_projection_of_the_same_tasks_counts_nothing() -> None:
    tasks = [done(task(0)), failed(task(1))]
    first = project(job(task(0), task(1)), tasks, LATER)
    assert first

    again = project(first.job, counted(tasks, first.counted), LATER)

    assert again is None


def test_last_task_completes_the_job_in_the_same_step() -> None:
    projection = project(job(task(0), known(1)), [done(task(0))], LATER)

    assert projection
    assert (projection.job.status, projection.job.completed_at) == (JobStatus.COMPLETED, LATER)
    assert projection.job.progress_pct == 100.0


def test_step_within_a_status_is_marked_and_numbered_but_moves_no_counter() -> None:
    begun = moved(task(0), {Stage.VALIDATION: StageStatus.PROCESSING})
    first = project(job(task(0)), [begun], LATER)
    assert first
    further = moved(counted([begun], first.counted)[0], {Stage.VALIDATION: StageStatus.COMPLETED})

    second = project(first.job, [further], LATER)

    assert second
    assert counts_of(second.job) == counts_of(first.job)
    assert second.job.seq == first.job.seq + 1


def test_only_what_has_changed_is_counted() -> None:
    projection = project(job(task(0), task(1)), [done(task(0)), task(1)], LATER)

    assert projection
    assert [found.task_id for found, _ in projection.counted] == ["t00000"]


@pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.FAILED])
def test_job_that_was_ended_otherwise_still_counts_but_keeps_its_status(status: JobStatus) -> None:
    projection = project(replace(job(task(0)), status=status), [done(task(0))], LATER)

    assert projection
    assert projection.job.status is status
    assert counts_of(projection.job)[TaskStatus.COMPLETED] == 1


@given(histories)
def test_counters_always_sum_to_the_total(history: list[tuple[int, dict[Stage, StageStatus]]]) -> None:
    seen, _ = run(history)

    assert {sum(found.counts.values()) for found in seen} == {SIZE}


@given(histories)
def test_no_counter_leaves_0_to_total(history: list[tuple[int, dict[Stage, StageStatus]]]) -> None:
    seen, _ = run(history)

    assert all(0 <= n <= SIZE for found in seen for n in found.counts.values())


@given(histories)
def test_counters_are_what_counting_the_tasks_gives(history: list[tuple[int, dict[Stage, StageStatus]]]) -> None:
    seen, tasks = run(history)

    statuses = [found.status for found in tasks]
    assert counts_of(seen[-1]) == {status: statuses.count(status) for status in TaskStatus}


@given(histories)
def test_event_numbers_rise_by_one(history: list[tuple[int, dict[Stage, StageStatus]]]) -> None:
    seen, _ = run(history)

    assert [found.seq for found in seen] == list(range(len(seen)))


@given(st.permutations(range(SIZE)))
def test_order_of_the_facts_makes_no_difference(order: list[int]) -> None:
    seen, _ = run([(index, dict.fromkeys(UPLOAD_STAGES, StageStatus.COMPLETED)) for index in order])

    assert counts_of(seen[-1])[TaskStatus.COMPLETED] == SIZE
    assert seen[-1].status is JobStatus.COMPLETED
