from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.ids import job_id_at
from shared.domain.job import LIFE_AFTER_END, LIFE_WHILE_OPEN, JobStatus
from shared.domain.stage import Stage
from shared.domain.task import TaskRef, TaskStatus
from shared.errors import Expired, InvalidId, JobCancelled, NotFound
from shared.stores.rows import TASK_LIFE
from tests.stores.jobs import JOB, LATER, NOW, STRANGER, create, delete, nonzero, projected, read_both, rows
from tests.world import TENANT, World

FIRST = TaskRef(JOB, "t00000")
UNKNOWN = job_id_at(NOW, b"\xff" * 10)


def begin(world: World, task_id: str = "t00000", stage: Stage = Stage.VALIDATION) -> None:
    world.tasks.begin_stage(TaskRef(JOB, task_id), stage, NOW)


def test_job_comes_back_as_it_was_made(world: World) -> None:
    made = create(world, 30)

    found = world.job(JOB)

    assert (found.total, nonzero(found.counts)) == (30, {TaskStatus.PENDING: 30})
    assert (found.status, found.seq, found.epoch, found.created_at) == (made.status, 0, 1, NOW)
    assert (found.tenant, found.project, found.kind) == (made.tenant, made.project, made.kind)


def test_every_row_of_a_job_has_an_end(world: World) -> None:
    create(world, 2)

    lives = {int(row["expires_at"]) - int(NOW.timestamp()) for row in rows(world.cloud, world.cloud.jobs_table)}  # type: ignore[call-overload]

    assert lives == {
        LIFE_WHILE_OPEN.total_seconds(),
        TASK_LIFE.total_seconds(),
    }
    assert TASK_LIFE >= LIFE_WHILE_OPEN + LIFE_AFTER_END


def test_tasks_without_their_job_are_no_job(world: World) -> None:
    create(world)
    delete(world.cloud, "JOB")

    with pytest.raises(NotFound):
        world.jobs.read(JOB, NOW)


def test_unknown_job_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.jobs.read(UNKNOWN, NOW)


def test_job_past_its_time_reads_as_expired_though_its_row_is_there(world: World) -> None:
    job = create(world)

    with pytest.raises(Expired):
        world.jobs.read(JOB, job.expires_at)


def test_id_older_than_a_jobs_life_reads_as_expired(world: World) -> None:
    with pytest.raises(Expired):
        world.jobs.read(UNKNOWN, NOW + LIFE_AFTER_END + timedelta(seconds=1))


def test_what_is_no_job_id_is_refused(world: World) -> None:
    with pytest.raises(InvalidId):
        world.jobs.read("job_1", NOW)


def test_id_beyond_the_calendar_is_refused(world: World) -> None:
    with pytest.raises(InvalidId):
        world.jobs.read("job_7zzzzzzzzzzzzzzzzzzzzzzzzz", NOW)


def test_another_tenants_job_is_not_found(world: World) -> None:
    create(world)

    assert world.jobs.read_own(JOB, TENANT, NOW).job_id == JOB
    with pytest.raises(NotFound):
        world.jobs.read_own(JOB, STRANGER, NOW)


@pytest.mark.parametrize("status", sorted(JobStatus))
def test_living_job_is_found_whatever_its_status(world: World, status: JobStatus) -> None:
    create(world, status=status)

    found = world.jobs.find(JOB, NOW)

    assert found
    assert found.status is status


def test_expired_or_missing_job_is_not_found(world: World) -> None:
    job = create(world)

    assert world.jobs.find(JOB, job.expires_at) is None
    assert world.jobs.find(UNKNOWN, NOW) is None


def test_job_is_read_with_those_of_its_tasks_that_exist(world: World) -> None:
    create(world, 3)

    job, tasks = world.jobs.read_with_tasks(JOB, ["t00000", "t00002", "t00099"])

    assert job == world.job(JOB)
    assert {task.task_id for task in tasks} == {"t00000", "t00002"}


def test_job_is_read_with_more_tasks_than_one_call_takes(world: World) -> None:
    create(world, 150)

    _, tasks = read_both(world, *(f"t{n:05d}" for n in range(150)))

    assert len(tasks) == 150


def test_missing_job_is_read_as_none(world: World) -> None:
    assert world.jobs.read_with_tasks(UNKNOWN, ["t00000"]) == (None, [])


def test_projection_is_written_whole(world: World) -> None:
    create(world, 2)
    begin(world)
    job, tasks = read_both(world, "t00000", "t00001")

    applied = world.jobs.apply(projected(job, tasks), job)

    assert applied
    found = world.job(JOB)
    assert nonzero(found.counts) == {TaskStatus.PENDING: 1, TaskStatus.PROCESSING: 1}
    assert (found.seq, found.status, found.updated_at) == (1, JobStatus.PROCESSING, LATER)
    assert world.task(JOB).mark.status is TaskStatus.PROCESSING


@pytest.mark.proof  # moto copies its table for each of a hundred items
def test_projection_of_as_many_tasks_as_one_transaction_takes_is_written(world: World) -> None:
    create(world, 99)
    names = [f"t{n:05d}" for n in range(99)]
    for name in names:
        begin(world, name)
    job, tasks = read_both(world, *names)

    assert world.jobs.apply(projected(job, tasks), job)
    assert nonzero(world.job(JOB).counts) == {TaskStatus.PROCESSING: 99}


def test_projection_is_refused_when_the_job_has_moved(world: World) -> None:
    create(world, 2)
    begin(world, "t00000")
    begin(world, "t00001")
    job, (first,) = read_both(world, "t00000")
    _, (second,) = read_both(world, "t00001")
    world.jobs.apply(projected(job, [first]), job)
    before = rows(world.cloud, world.cloud.jobs_table)

    applied = world.jobs.apply(projected(job, [second]), job)

    assert not applied
    assert rows(world.cloud, world.cloud.jobs_table) == before


def test_projection_is_refused_when_a_task_was_counted_meanwhile(world: World) -> None:
    create(world, 2)
    begin(world, "t00000")
    stale_job, (stale,) = read_both(world, "t00000")
    world.jobs.apply(projected(stale_job, [stale]), stale_job)
    job = world.job(JOB)
    before = rows(world.cloud, world.cloud.jobs_table)

    applied = world.jobs.apply(projected(replace(job, counts=stale_job.counts), [stale]), job)

    assert not applied
    assert rows(world.cloud, world.cloud.jobs_table) == before


def test_fact_that_came_meanwhile_is_counted_by_the_next_projection(world: World) -> None:
    create(world)
    begin(world)
    job, tasks = read_both(world, "t00000")
    world.tasks.finish_stage(FIRST, Stage.VALIDATION, LATER)

    world.jobs.apply(projected(job, tasks), job)
    job, tasks = read_both(world, "t00000")

    assert projected(job, tasks).counted[0][1].stages == tasks[0].stages


def test_projection_of_a_job_that_is_gone_makes_no_ghost(world: World) -> None:
    create(world)
    begin(world)
    job, tasks = read_both(world, "t00000")
    delete(world.cloud, "JOB")

    applied = world.jobs.apply(projected(job, tasks), job)

    assert not applied
    assert [row["sk"] for row in rows(world.cloud, world.cloud.jobs_table)] == ["TASK#t00000"]


def test_projection_of_a_task_that_is_gone_makes_no_ghost(world: World) -> None:
    create(world)
    begin(world)
    job, tasks = read_both(world, "t00000")
    delete(world.cloud, "TASK#t00000")

    applied = world.jobs.apply(projected(job, tasks), job)

    assert not applied
    assert [row["sk"] for row in rows(world.cloud, world.cloud.jobs_table)] == ["JOB"]


def test_projector_signs_its_writes_so_that_it_does_not_wake_itself(world: World) -> None:
    create(world)
    begin(world)
    world.facts()
    job, tasks = read_both(world, "t00000")

    world.jobs.apply(projected(job, tasks), job)

    assert world.facts() == []


def test_only_open_jobs_are_listed_as_open(world: World) -> None:
    create(world)
    world.tasks.finish_as_existing(world.task(JOB), "asset_a", None, NOW)
    opened = [row["open"] for row in rows(world.cloud, world.cloud.jobs_table) if row["sk"] == "JOB"]

    world.project()

    assert opened == ["OPEN"]
    assert world.job(JOB).status is JobStatus.COMPLETED
    assert [row for row in rows(world.cloud, world.cloud.jobs_table) if "open" in row] == []


def test_grants_are_extended(world: World) -> None:
    create(world)

    world.jobs.extend_grants(JOB, LATER)

    assert world.job(JOB).granted_until == LATER


def test_grants_of_a_cancelled_job_are_not_extended(world: World) -> None:
    create(world, status=JobStatus.CANCELLED)

    with pytest.raises(JobCancelled):
        world.jobs.extend_grants(JOB, LATER)

    assert world.job(JOB).granted_until is None


def test_grants_of_a_job_that_is_gone_are_not_extended_and_make_no_ghost(world: World) -> None:
    with pytest.raises(Expired):
        world.jobs.extend_grants(UNKNOWN, LATER)

    assert rows(world.cloud, world.cloud.jobs_table) == []
