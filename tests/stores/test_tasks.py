from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.domain.stage import Stage
from shared.domain.task import UPLOAD_STAGES, Outcome, StageStatus, Task, TaskRef, TaskStatus
from shared.errors import InvalidRequest
from shared.stores.tasks import PAGE
from tests.stores.jobs import JOB, LATER, NOW, VERDICT, create, new_tasks, projected, read_both, rows
from tests.stores.pages import all_pages, ids
from tests.world import World

FIRST = TaskRef(JOB, "t00000")
REOPENED = replace(FIRST, epoch=2)
MISSING = replace(FIRST, task_id="t00007")
GONE = TaskRef("job_00000000000000000000000000", "t00000")

Fact = Callable[[World, TaskRef], Task | None]

FACTS: dict[str, Fact] = {
    "begin": lambda world, ref: world.tasks.begin_stage(ref, Stage.VALIDATION, LATER),
    "begin a version": lambda world, ref: world.tasks.begin_stage(ref, Stage.VALIDATION, LATER, "v1"),
    "finish": lambda world, ref: world.tasks.finish_stage(ref, Stage.VALIDATION, LATER, asset_id="asset_b"),
    "fail": lambda world, ref: world.tasks.fail_stage(ref, Stage.VALIDATION, VERDICT, Outcome.REFUSED, LATER),
    "exists": lambda world, ref: world.tasks.finish_as_existing(
        replace(new_tasks(1)[0], job_id=ref.job_id, task_id=ref.task_id, epoch=ref.epoch), "asset_b", None, LATER
    ),
}
ENDS = ["finish", "fail", "exists"]


@pytest.mark.parametrize("fact", FACTS)
def test_fact_is_recorded_as_a_workers(world: World, fact: str) -> None:
    create(world)

    recorded = FACTS[fact](world, FIRST)

    assert recorded == world.task(JOB)
    assert [row["by"] for row in rows(world.cloud, world.cloud.jobs_table) if row["sk"] == "TASK#t00000"] == ["worker"]


@pytest.mark.parametrize("fact", FACTS)
@pytest.mark.parametrize("ref", [REOPENED, MISSING, GONE], ids=["another epoch", "missing task", "missing job"])
def test_fact_about_another_epoch_or_no_task_is_refused_and_makes_nothing(
    world: World, fact: str, ref: TaskRef
) -> None:
    create(world)
    before = rows(world.cloud, world.cloud.jobs_table)

    recorded = FACTS[fact](world, ref)

    assert recorded is None
    assert rows(world.cloud, world.cloud.jobs_table) == before


@pytest.mark.parametrize("fact", FACTS)
@pytest.mark.parametrize("end", ENDS)
def test_fact_after_the_stage_has_ended_is_refused(world: World, fact: str, end: str) -> None:
    create(world)
    FACTS[end](world, FIRST)
    before = world.task(JOB)

    recorded = FACTS[fact](world, FIRST)

    assert recorded is None
    assert world.task(JOB) == before


def test_beginning_counts_the_attempts_of_its_stage(world: World) -> None:
    create(world)

    world.tasks.begin_stage(FIRST, Stage.QUALITY, NOW)
    begun = world.tasks.begin_stage(FIRST, Stage.QUALITY, LATER)

    assert begun
    assert begun.attempts == {Stage.QUALITY: 2}
    assert begun.stages[Stage.QUALITY] is StageStatus.PROCESSING


def test_task_keeps_the_time_it_was_first_begun(world: World) -> None:
    create(world)

    world.tasks.begin_stage(FIRST, Stage.THUMBNAILS, NOW)
    begun = world.tasks.begin_stage(FIRST, Stage.QUALITY, LATER)

    assert begun
    assert begun.started_at == NOW


def test_first_version_that_is_begun_is_the_tasks_own(world: World) -> None:
    create(world)

    world.tasks.begin_stage(FIRST, Stage.VALIDATION, NOW, "v1")
    other = world.tasks.begin_stage(FIRST, Stage.VALIDATION, LATER, "v2")

    assert other is None
    assert world.task(JOB).version_id == "v1"
    assert world.task(JOB).attempts == {Stage.VALIDATION: 1}


def test_version_that_was_taken_can_be_begun_again(world: World) -> None:
    create(world)

    world.tasks.begin_stage(FIRST, Stage.VALIDATION, NOW, "v1")
    again = world.tasks.begin_stage(FIRST, Stage.VALIDATION, LATER, "v1")

    assert again
    assert again.attempts == {Stage.VALIDATION: 2}


def test_finished_stage_brings_what_became_true_in_it(world: World) -> None:
    create(world)

    world.tasks.finish_stage(FIRST, Stage.VALIDATION, LATER, asset_id="asset_a")

    task = world.task(JOB)
    assert (task.asset_id, task.outcome, task.status) == ("asset_a", None, TaskStatus.PROCESSING)


def test_task_whose_last_stage_completes_has_created_its_asset(world: World) -> None:
    create(world)

    for stage in UPLOAD_STAGES:
        world.tasks.finish_stage(FIRST, stage, LATER)

    assert (world.task(JOB).status, world.task(JOB).outcome) == (TaskStatus.COMPLETED, Outcome.CREATED)


def test_task_that_was_never_begun_does_not_begin_where_no_first_attempt_is_allowed(world: World) -> None:
    create(world)
    before = world.task(JOB)

    begun = world.tasks.begin_stage(FIRST, Stage.VALIDATION, NOW, is_first_allowed=False)

    assert begun is None
    assert world.task(JOB) == before


def test_task_that_was_begun_goes_on_where_no_first_attempt_is_allowed(world: World) -> None:
    create(world)
    world.tasks.begin_stage(FIRST, Stage.VALIDATION, NOW)

    begun = world.tasks.begin_stage(FIRST, Stage.QUALITY, LATER, is_first_allowed=False)

    assert begun
    assert begun.attempts[Stage.QUALITY] == 1


def test_task_whose_asset_is_gone_is_skipped_once(world: World) -> None:
    create(world)
    world.tasks.begin_stage(FIRST, Stage.QUALITY, NOW)

    world.tasks.skip(FIRST, LATER)

    assert (world.task(JOB).status, world.task(JOB).outcome) == (TaskStatus.SKIPPED, Outcome.SKIPPED)


def test_task_with_an_outcome_is_not_skipped(world: World) -> None:
    create(world)
    world.tasks.fail_stage(FIRST, Stage.VALIDATION, VERDICT, Outcome.REFUSED, NOW)

    assert world.tasks.skip(FIRST, LATER) is None
    assert world.task(JOB).outcome is Outcome.REFUSED


def test_redrive_is_noted_by_one_of_two_that_saw_the_same(world: World) -> None:
    create(world)
    seen = world.task(JOB)

    noted = [world.tasks.note_redrive(seen, LATER) for _ in range(2)]

    assert noted == [True, False]
    assert world.task(JOB).redrives == 1


def test_redrive_of_a_task_that_has_moved_is_not_noted(world: World) -> None:
    create(world)
    seen = world.task(JOB)
    world.tasks.begin_stage(FIRST, Stage.VALIDATION, LATER)

    assert not world.tasks.note_redrive(seen, LATER)
    assert world.task(JOB).redrives == 0


def test_redrive_is_no_fact_to_be_counted(world: World) -> None:
    create(world)
    world.facts()

    world.tasks.note_redrive(world.task(JOB), LATER)

    assert world.facts() == []


def test_adding_tasks_leaves_those_that_are_there(world: World) -> None:
    create(world, 2)
    begun = world.tasks.begin_stage(FIRST, Stage.VALIDATION, NOW)

    world.tasks.add(new_tasks(4), world.job(JOB))

    assert world.all_tasks(JOB)[0] == begun
    assert [task.task_id for task in world.all_tasks(JOB)] == ["t00000", "t00001", "t00002", "t00003"]


def test_failed_stage_fails_the_task_with_its_reason(world: World) -> None:
    create(world)

    world.tasks.fail_stage(FIRST, Stage.VALIDATION, VERDICT, Outcome.REFUSED, LATER)

    task = world.task(JOB)
    assert (task.status, task.outcome, task.error) == (TaskStatus.FAILED, Outcome.REFUSED, VERDICT)
    assert task.completed_at == LATER


@pytest.mark.parametrize("thumbnail", ["renditions/thumb.jpg", None])
def test_task_whose_bytes_are_an_asset_already_is_complete(world: World, thumbnail: str | None) -> None:
    create(world)

    world.tasks.finish_as_existing(world.task(JOB), "asset_a", thumbnail, LATER)

    task = world.task(JOB)
    assert (task.status, task.outcome, task.asset_id) == (TaskStatus.COMPLETED, Outcome.EXISTS, "asset_a")
    assert (task.thumbnail_key or None) == thumbnail


def test_outcome_of_a_failed_task_stays_failed_whatever_finishes_later(world: World) -> None:
    create(world)
    world.tasks.begin_stage(FIRST, Stage.VALIDATION, NOW, "v1")
    world.tasks.fail_stage(FIRST, Stage.THUMBNAILS, VERDICT, Outcome.FAILED, NOW)

    world.tasks.finish_stage(FIRST, Stage.VALIDATION, LATER, asset_id="asset_a")

    task = world.task(JOB)
    assert (task.status, task.outcome) == (TaskStatus.FAILED, Outcome.FAILED)


@pytest.mark.proof  # moto is slow with hundreds of rows
def test_pages_show_every_task_once_and_in_order(world: World) -> None:
    size = 2 * PAGE + 1
    create(world, size)

    pages = all_pages(world)

    assert [len(page.tasks) for page in pages] == [PAGE, PAGE, 1]
    assert ids(pages) == [task.task_id for task in new_tasks(size)]


def test_one_page_is_enough_for_few_tasks(world: World) -> None:
    create(world, 3)

    page = world.tasks.page(JOB, is_failed_only=False, changed_since=None, cursor=None)

    assert (len(page.tasks), page.next_cursor) == (3, None)


def test_pages_of_a_job_hold_no_other_jobs_tasks(world: World) -> None:
    create(world, 1)
    world.open_session([b"another"])

    assert ids(all_pages(world)) == ["t00000"]


def test_only_what_changed_after_an_event_is_shown(world: World) -> None:
    create(world, 3)
    world.tasks.begin_stage(TaskRef(JOB, "t00001"), Stage.VALIDATION, NOW)
    world.project()
    seen = world.job(JOB).seq
    world.tasks.begin_stage(TaskRef(JOB, "t00002"), Stage.VALIDATION, NOW)
    world.project()

    assert ids(all_pages(world, changed_since=0)) == ["t00001", "t00002"]
    assert ids(all_pages(world, changed_since=seen)) == ["t00002"]
    assert ids(all_pages(world, changed_since=seen + 1)) == []


def test_change_that_is_not_counted_yet_is_not_shown(world: World) -> None:
    create(world)
    world.tasks.begin_stage(FIRST, Stage.VALIDATION, NOW)

    assert ids(all_pages(world, changed_since=0)) == []


def test_counted_task_carries_the_jobs_event_number(world: World) -> None:
    create(world)
    world.tasks.begin_stage(FIRST, Stage.VALIDATION, NOW)
    job, tasks = read_both(world, "t00000")

    world.jobs.apply(projected(job, tasks), job)

    assert world.task(JOB).event_seq == world.job(JOB).seq == 1


@pytest.mark.parametrize("cursor", ["x", "bm9uc2Vuc2U=", "e30=", "W10=", "eyJzayI6IDd9", "é", "bnVsbA=="])
def test_cursor_that_is_none_of_ours_is_refused(world: World, cursor: str) -> None:
    create(world)

    with pytest.raises(InvalidRequest):
        world.tasks.page(JOB, is_failed_only=False, changed_since=None, cursor=cursor)
