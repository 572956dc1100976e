"""Quality jobs: started once, frozen, handed out at their pace, counted to the end."""

from dataclasses import replace
from datetime import timedelta
from itertools import chain, pairwise

import pytest

from shared.domain.asset import Asset
from shared.domain.dispatch import QualityOptions
from shared.domain.job import JobKind, JobStatus
from shared.domain.scorer import SCORER_VERSION
from shared.domain.stage import Stage
from shared.domain.task import Outcome, TaskStatus
from shared.errors import JobActive, Transient
from shared.messages import DispatchStep
from shared.stores import rows
from shared.stores.dynamo import dynamodb, marshal
from shared.stores.images import OriginalStore
from shared.usecases.cancel_job import cancel_job, cancel_quality_job
from shared.usecases.list_jobs import list_jobs, read_quality_progress
from shared.usecases.start_job import forecast_quality_job
from tests.crashes import answers_lost, watched
from tests.pictures import photo
from tests.world import PROJECT, TENANT, World


@pytest.fixture
def images(world: World) -> list[str]:
    """Five images of a project, scored as they were uploaded; the ids of their assets. Renditions are not made."""
    return world.once(_score_five)


def _score_five(world: World) -> list[str]:
    job_id, uploads = world.upload(*(photo(seed, 80, 60) for seed in range(5)))
    for uploaded in uploads:
        world.validate(uploaded)
    world.sent("RenditionsQueue")
    world.work_off()
    return [str(task.asset_id) for task in world.all_tasks(job_id)]


def outdate(world: World, asset_ids: list[str]) -> None:
    """Make their scores those of an older scorer."""
    for asset_id in asset_ids:
        world.catalog.change(asset_id, _outdated, world.now)


def _outdated(asset: Asset) -> Asset:
    return replace(asset, quality={**(asset.quality or {}), "scorer_version": 0})


def delete_asset(world: World, asset_id: str) -> None:
    dynamodb().delete_item(TableName=world.cloud.catalog_table, Key=marshal(rows.asset_key(asset_id)))


def start_all(world: World, **options: object) -> str:
    return world.start_quality_job(only_missing=False, **options).job_id


def test_job_scores_what_is_not_at_the_scorers_version_and_nothing_else(world: World, images: list[str]) -> None:
    outdate(world, images[:2])

    started = world.start_quality_job()
    world.work_off()

    tasks = world.all_tasks(started.job_id)
    assert started.total_images == 2
    assert {task.asset_id for task in tasks} == set(images[:2])
    assert {task.outcome for task in tasks} == {Outcome.SCORED}
    assert world.job(started.job_id).status is JobStatus.COMPLETED


def test_job_with_nothing_to_do_is_completed_at_once(world: World, images: list[str]) -> None:
    started = world.start_quality_job()

    assert (started.total_images, started.status) == (0, "completed")


def test_second_start_names_the_job_at_work(world: World, images: list[str]) -> None:
    job_id = start_all(world)

    with pytest.raises(JobActive) as refused:
        start_all(world)

    assert refused.value.job_id == job_id


def test_next_job_may_start_once_the_last_has_ended(world: World, images: list[str]) -> None:
    first = start_all(world)
    world.work_off()

    second = start_all(world)

    assert second != first
    assert read_quality_progress(TENANT, PROJECT, world.jobs, world.clock).job_id == second


def test_job_that_expired_at_work_blocks_no_other(world: World, images: list[str]) -> None:
    start_all(world)
    world.now += timedelta(days=30)

    assert start_all(world)


def test_image_that_arrives_later_waits_for_the_next_job(world: World, images: list[str]) -> None:
    job_id = start_all(world)
    _, uploads = world.upload(photo(99, 80, 60))
    world.validate(uploads[0])

    world.work_off()

    assert world.job(job_id).total == 5
    assert len(world.all_tasks(job_id)) == 5


def test_image_deleted_before_its_turn_is_skipped(world: World, images: list[str]) -> None:
    job_id = start_all(world)
    delete_asset(world, images[0])

    world.work_off()

    job = world.job(job_id)
    assert (job.counts[TaskStatus.COMPLETED], job.counts[TaskStatus.SKIPPED]) == (4, 1)
    assert job.status is JobStatus.COMPLETED


def test_image_deleted_after_it_was_handed_out_is_skipped(world: World, images: list[str]) -> None:
    job_id = start_all(world)
    world.dispatch(DispatchStep(job_id=job_id, step=0))
    delete_asset(world, images[0])

    world.work_off()

    assert world.job(job_id).counts[TaskStatus.SKIPPED] == 1


def test_large_manifest_is_frozen_in_the_background_a_page_a_step(world: World, images: list[str]) -> None:
    world.look_at(2)

    started = world.start_quality_job(only_missing=False)
    before = world.job(started.job_id)
    world.dispatch(DispatchStep(job_id=started.job_id, step=0), world.time_for(3))

    after = world.job(started.job_id)
    assert (started.total_images, before.is_frozen) == (None, False)
    assert (after.is_frozen, after.total, after.remaining) == (True, 5, 5)
    assert world.sent("BackfillQueue") == []
    assert world.sent("DispatchQueue")[-1].step == 3


def test_job_that_would_be_handed_out_for_too_long_fails_and_says_why(world: World, images: list[str]) -> None:
    world.look_at(2)

    job_id = start_all(world, batch_size=1, delay_ms=5 * 86_400_000)
    world.work_off()

    job = world.job(job_id)
    assert (job.status, job.total) == (JobStatus.FAILED, 5)
    assert job.error == "To hand out 5 images would take 25 days at this batch_size and delay_ms, and may take 20."
    assert world.all_tasks(job_id) == []


def test_job_that_was_too_long_is_not_resumed_but_started_anew(world: World, images: list[str]) -> None:
    world.look_at(2)
    outdate(world, images)
    too_long = world.start_quality_job(batch_size=1, delay_ms=5 * 86_400_000).job_id
    world.work_off()

    resumed = world.start_quality_job(resume=True)
    world.work_off()

    assert resumed.job_id != too_long
    assert world.job(resumed.job_id).counts[TaskStatus.COMPLETED] == 5


def test_batch_may_lie_in_several_chunks(world: World, images: list[str]) -> None:
    world.look_at(2)
    job_id = start_all(world, batch_size=3)

    world.dispatch(DispatchStep(job_id=job_id, step=0))

    sent = [[asset.asset_id for asset in message.assets] for message in world.sent("BackfillQueue")]
    assert [len(asset_ids) for asset_ids in sent] == [3, 2]
    assert sorted(chain(*sent)) == sorted(images)


def test_batches_are_of_the_size_asked_for(world: World, images: list[str]) -> None:
    job_id = start_all(world, batch_size=2)

    world.dispatch(DispatchStep(job_id=job_id, step=0))

    assert [len(message.assets) for message in world.sent("BackfillQueue")] == [2, 2, 1]


@pytest.mark.parametrize("delay_ms", [300, 2500])
def test_batches_start_no_closer_than_the_delay(world: World, images: list[str], delay_ms: int) -> None:
    job_id = start_all(world, batch_size=1, delay_ms=delay_ms)
    starts = []

    step = 0
    while step < 5:
        world.dispatch(DispatchStep(job_id=job_id, step=step))
        dispatch = world.jobs.read_dispatch(job_id)
        assert dispatch is not None
        assert dispatch.next_batch_at is not None
        starts.append(dispatch.next_batch_at)
        step = dispatch.step
        world.now = max(world.now, dispatch.next_batch_at)

    gaps = [(later - earlier) / timedelta(milliseconds=1) for earlier, later in pairwise(starts)]
    assert all(gap >= delay_ms for gap in gaps)
    assert len(world.sent("BackfillQueue")) == 5


def test_delay_too_long_to_wait_out_continues_by_message(world: World, images: list[str]) -> None:
    job_id = start_all(world, batch_size=1, delay_ms=30_000)
    world.sent("DispatchQueue")

    world.dispatch(DispatchStep(job_id=job_id, step=0))

    assert [message.step for message in world.sent("DispatchQueue")] == [1]
    assert len(world.sent("BackfillQueue")) == 1


def test_step_that_was_done_is_not_done_again(world: World, images: list[str]) -> None:
    job_id = start_all(world, batch_size=2)
    world.dispatch(DispatchStep(job_id=job_id, step=0))
    world.sent("BackfillQueue")

    world.dispatch(DispatchStep(job_id=job_id, step=0))

    assert world.sent("BackfillQueue") == []


def test_dispatcher_whose_answers_are_lost_goes_on(world: World, images: list[str]) -> None:
    job_id = start_all(world, batch_size=2)

    with answers_lost("PutItem") as lost:
        world.dispatch(DispatchStep(job_id=job_id, step=0))

    assert len(lost) == 3
    assert [len(message.assets) for message in world.sent("BackfillQueue")] == [2, 2, 1]


def test_scores_carry_the_scorers_version(world: World, images: list[str]) -> None:
    asset = world.catalog.read(images[0], TENANT)

    assert asset.quality is not None
    assert asset.quality["scorer_version"] == SCORER_VERSION


def test_run_twice_each_image_is_scored_once(world: World, images: list[str]) -> None:
    outdate(world, images)
    world.start_quality_job()
    world.work_off()

    again = world.start_quality_job()

    assert again.total_images == 0


def test_dry_run_changes_nothing_and_tells_what_would_fail(world: World, images: list[str]) -> None:
    outdate(world, images)
    gone = world.catalog.read(images[0], TENANT)
    world.originals.delete(gone.original)

    with watched() as calls:
        forecast = forecast_quality_job(TENANT, PROJECT, QualityOptions(batch_size=2), world.starting, world.clock)

    assert calls.made == []
    assert (forecast.total_images, forecast.batches, forecast.sample.size) == (5, 3, 5)
    assert [failure.asset_id for failure in forecast.sample.would_fail] == [images[0]]
    assert forecast.expected_s > 0


def test_bad_image_in_a_batch_costs_the_others_nothing(world: World, images: list[str]) -> None:
    world.originals.delete(world.catalog.read(images[2], TENANT).original)

    job_id = start_all(world)
    world.work_off()

    job = world.job(job_id)
    failed = [task for task in world.all_tasks(job_id) if task.outcome is Outcome.FAILED]
    assert (job.counts[TaskStatus.COMPLETED], job.counts[TaskStatus.FAILED]) == (4, 1)
    assert [(task.asset_id, task.error and task.error.code) for task in failed] == [(images[2], "original_gone")]


def test_transient_fault_in_a_batch_is_tried_again_alone(world: World, images: list[str]) -> None:
    job_id = start_all(world)
    world.dispatch(DispatchStep(job_id=job_id, step=0))
    (batch,) = world.sent("BackfillQueue")
    world.score_work = replace(world.score_work, originals=OriginalStore("no-such-bucket", 10**9))

    world.backfill(batch)

    alone = world.sent("BackfillQueue")
    assert [len(message.assets) for message in alone] == [1] * 5
    assert {task.status for task in world.all_tasks(job_id)} == {TaskStatus.PROCESSING}
    with pytest.raises(Transient):
        world.backfill(alone[0])


def test_out_of_time_sends_the_rest_of_a_batch_again(world: World, images: list[str]) -> None:
    job_id = start_all(world)
    world.dispatch(DispatchStep(job_id=job_id, step=0))
    (batch,) = world.sent("BackfillQueue")

    world.backfill(batch, has_time=lambda: False)

    (rest,) = world.sent("BackfillQueue")
    assert [asset.task_id for asset in rest.assets] == [f"t{i:05d}" for i in range(1, 5)]


def test_cancel_skips_what_has_not_begun_and_the_receipt_adds_up(world: World, images: list[str]) -> None:
    job_id = start_all(world, batch_size=2)
    world.dispatch(DispatchStep(job_id=job_id, step=0))
    world.backfill(world.sent("BackfillQueue")[0])
    world.project()

    receipt = cancel_quality_job(TENANT, PROJECT, world.jobs, world.clock)
    world.work_off()

    assert receipt.cancelled
    assert (receipt.processed, receipt.skipped, receipt.in_flight) == (2, 3, 0)
    assert receipt.processed + receipt.failed + receipt.skipped + receipt.in_flight == receipt.total
    assert world.job(job_id).counts == {**world.job(job_id).counts, TaskStatus.COMPLETED: 2, TaskStatus.SKIPPED: 3}


def test_what_was_in_flight_finishes_after_the_cancel_and_counts(world: World, images: list[str]) -> None:
    job_id = start_all(world)
    world.dispatch(DispatchStep(job_id=job_id, step=0))
    (batch,) = world.sent("BackfillQueue")
    world.tasks.begin_stage(batch.assets[0].task, Stage.QUALITY, world.clock())
    world.project()

    receipt = cancel_job(job_id, TENANT, world.jobs, world.clock)
    world.backfill(batch)
    world.work_off()

    job = world.job(job_id)
    assert (receipt.in_flight, receipt.skipped) == (1, 4)
    assert (job.counts[TaskStatus.COMPLETED], job.counts[TaskStatus.SKIPPED]) == (1, 4)
    assert job.status is JobStatus.CANCELLED


def test_begun_but_not_yet_counted_at_the_cancel_never_moves_progress_back(world: World, images: list[str]) -> None:
    job_id = start_all(world)
    world.dispatch(DispatchStep(job_id=job_id, step=0))
    (batch,) = world.sent("BackfillQueue")
    world.tasks.begin_stage(batch.assets[0].task, Stage.QUALITY, world.clock())

    cancel_job(job_id, TENANT, world.jobs, world.clock)
    world.project()
    between = world.job(job_id)
    world.backfill(batch)
    world.work_off()

    assert between.progress_pct == 100
    assert world.job(job_id).counts[TaskStatus.COMPLETED] == 1
    assert world.job(job_id).progress_pct == 100


def test_cancel_of_what_cannot_be_cancelled_says_so_and_changes_nothing(world: World, images: list[str]) -> None:
    job_id = start_all(world)
    world.work_off()
    before = world.job(job_id)

    receipts = [
        cancel_job(job_id, TENANT, world.jobs, world.clock),
        cancel_quality_job(TENANT, "no-such-project", world.jobs, world.clock),
    ]

    assert [(receipt.cancelled, receipt.status) for receipt in receipts] == [(False, "completed"), (False, "idle")]
    assert world.job(job_id) == before


def test_cancel_twice_is_cancelled_once(world: World, images: list[str]) -> None:
    job_id = start_all(world)

    first = cancel_job(job_id, TENANT, world.jobs, world.clock)
    second = cancel_job(job_id, TENANT, world.jobs, world.clock)

    assert (first.cancelled, second.cancelled) == (True, False)


def test_cancel_while_the_manifest_is_being_frozen_ends_the_job(world: World, images: list[str]) -> None:
    job_id = start_all(world)
    read = world.job(job_id)
    world.jobs.save(replace(read, is_frozen=False, seq=read.seq + 1), read)

    receipt = cancel_job(job_id, TENANT, world.jobs, world.clock)
    world.work_off()

    assert receipt.cancelled
    assert world.job(job_id).status is JobStatus.CANCELLED


def test_next_job_is_not_touched_by_the_last_ones_cancel(world: World, images: list[str]) -> None:
    cancel_job(start_all(world), TENANT, world.jobs, world.clock)

    job_id = start_all(world)
    world.work_off()

    assert world.job(job_id).counts[TaskStatus.COMPLETED] == 5


def test_cancelled_upload_session_takes_nothing_more_in(world: World) -> None:
    session = world.open_session([photo(1), photo(2)])
    world.run([world.put(session.job_id, "t00000", photo(1))])

    receipt = cancel_job(session.job_id, TENANT, world.jobs, world.clock)
    world.run([world.put(session.job_id, "t00001", photo(2))])

    job = world.job(session.job_id)
    assert (receipt.processed, receipt.skipped, receipt.in_flight) == (1, 1, 0)
    assert (job.counts[TaskStatus.COMPLETED], job.counts[TaskStatus.SKIPPED]) == (1, 1)
    assert len(world.objects(world.cloud.originals_bucket)) == 1


def test_image_taken_in_before_the_cancel_gets_all_its_renditions(world: World) -> None:
    job_id, uploads = world.upload(photo())
    world.validate(uploads[0])
    world.project()

    receipt = cancel_job(job_id, TENANT, world.jobs, world.clock)
    world.work_off()

    assert receipt.in_flight == 1
    assert world.job(job_id).counts[TaskStatus.COMPLETED] == 1
    assert len(world.catalog.read(str(world.task(job_id).asset_id), TENANT).renditions) == 9


def test_jobs_of_a_project_come_newest_first(world: World, images: list[str]) -> None:
    first = start_all(world)
    world.work_off()
    second = start_all(world)

    listed = list_jobs(TENANT, PROJECT, None, world.jobs, world.clock).jobs

    assert [job.job_id for job in listed][:2] == [second, first]
    assert [job.kind for job in listed] == [JobKind.QUALITY, JobKind.QUALITY, JobKind.UPLOAD]
