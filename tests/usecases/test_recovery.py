"""Whatever goes wrong, every task and every job ends; and what failed can be taken up again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from shared.domain.job import JobKind, JobStatus
from shared.domain.stage import Stage
from shared.domain.task import Outcome, StageStatus, TaskError, TaskStatus
from shared.errors import GrantNeeded, JobCancelled, NotFound, NothingToRetry, NotReady, Transient
from shared.messages import AssetRequest, DispatchStep, UploadEvent
from shared.schemas import CleanedUp, RenewGrants
from shared.stores import rows
from shared.stores.images import OriginalStore, RenditionStore
from shared.usecases.cancel_job import cancel_job
from shared.usecases.clean_up_sessions import clean_up_sessions
from shared.usecases.handle_dead_letter import fail_silent_stage, handle_dead_letter
from shared.usecases.redrive_poison import list_poison, redrive_poison
from shared.usecases.renew_grants import renew_grants
from shared.usecases.retry_asset import retry_asset
from shared.usecases.retry_tasks import retry_failed, retry_task
from tests.cloud import table
from tests.pictures import photo
from tests.world import PROJECT, STALL_S, TENANT, World

STRANGER = "tenant_zzzzzzzzzzzzzzzzzzzzzzzzzz"
RENDITION_STAGES = (Stage.THUMBNAILS, Stage.VARIANTS)


def use_up_attempts(world: World, request: AssetRequest) -> None:
    """Deliver until nothing is raised any more, with a bucket that takes nothing."""
    good = world.rendition_work
    world.rendition_work = replace(good, renditions=RenditionStore("no-such-bucket"))
    for _ in range(8):
        try:
            world.render(request)
        except Transient:
            continue
        break
    world.rendition_work = good


@pytest.fixture
def failed(world: World) -> str:
    """A session whose one image could not be rendered; its job has ended."""
    return world.once(_fail)


def _fail(world: World) -> str:
    job_id, uploads = world.upload(photo())
    world.validate(uploads[0])
    use_up_attempts(world, world.sent("RenditionsQueue")[0])
    world.work_off()
    return job_id


def later(world: World, seconds: float = STALL_S + 1) -> None:
    world.now += timedelta(seconds=seconds)


def lose_messages(world: World) -> None:
    for name in world.HANDLERS:
        world.sent(name)


# ── Retrying ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_failed_image_is_counted_failed_and_its_job_completes(world: World, failed: str) -> None:
    job = world.job(failed)

    assert (job.status, job.counts[TaskStatus.FAILED]) == (JobStatus.COMPLETED, 1)


def test_asset_says_why_a_stage_failed_until_it_is_retried(world: World, failed: str) -> None:
    asset_id = world.task(failed).asset_id or ""
    told = world.catalog.read(asset_id, TENANT).errors

    retry_failed(failed, TENANT, world.retrying, world.clock)

    assert {stage: error.code for stage, error in told.items()} == dict.fromkeys(
        (Stage.THUMBNAILS, Stage.VARIANTS), "try_again"
    )
    assert world.catalog.read(asset_id, TENANT).errors == {}


def test_retry_moves_the_counters_back_and_forth(world: World, failed: str) -> None:
    retried = retry_task(failed, "t00000", TENANT, world.retrying, world.clock)
    running = world.job(failed)
    world.work_off()

    done = world.job(failed)
    assert (retried.reopened, running.status, running.remaining) == (1, JobStatus.PROCESSING, 1)
    assert (done.status, done.counts[TaskStatus.COMPLETED], done.counts[TaskStatus.FAILED]) == ("completed", 1, 0)
    assert (running.epoch, done.epoch) == (2, 2)
    assert len(world.catalog.read(str(world.task(failed).asset_id), TENANT).renditions) == 9


def test_retry_keeps_what_was_completed(world: World, failed: str) -> None:
    retry_task(failed, "t00000", TENANT, world.retrying, world.clock)

    stages = world.task(failed).stages
    assert stages[Stage.VALIDATION] is StageStatus.COMPLETED
    assert stages[Stage.QUALITY] is StageStatus.COMPLETED
    assert stages[Stage.THUMBNAILS] is StageStatus.PENDING


def test_retry_twice_is_harmless(world: World, failed: str) -> None:
    retry_task(failed, "t00000", TENANT, world.retrying, world.clock)
    again = retry_task(failed, "t00000", TENANT, world.retrying, world.clock)
    world.work_off()
    after = retry_failed(failed, TENANT, world.retrying, world.clock)

    assert (again.reopened, after.reopened) == (0, 0)
    assert world.job(failed).counts[TaskStatus.COMPLETED] == 1


def test_message_of_an_older_epoch_cannot_touch_a_reopened_task(world: World) -> None:
    job_id, uploads = world.upload(photo())
    world.validate(uploads[0])
    old = world.sent("RenditionsQueue")[0]
    use_up_attempts(world, old)
    world.work_off()
    retry_task(job_id, "t00000", TENANT, world.retrying, world.clock)

    world.render(old)

    assert world.task(job_id).stages[Stage.THUMBNAILS] is StageStatus.PENDING


def test_retry_failed_leaves_refused_images_and_counts_them(world: World) -> None:
    job_id, uploads = world.upload(photo(), b"a shopping list")
    world.validate(uploads[0])
    use_up_attempts(world, world.sent("RenditionsQueue")[0])
    world.run(uploads[1:])

    retried = retry_failed(job_id, TENANT, world.retrying, world.clock)

    assert (retried.reopened, retried.left.refused) == (1, 1)


def test_refused_image_cannot_be_retried(world: World) -> None:
    job_id, uploads = world.upload(b"a shopping list")
    world.run(uploads)

    with pytest.raises(NothingToRetry):
        retry_task(job_id, "t00000", TENANT, world.retrying, world.clock)


def test_cancelled_job_is_not_reopened(world: World, failed: str) -> None:
    job_id, _ = world.upload(photo(1))
    cancel_job(job_id, TENANT, world.jobs, world.clock)

    with pytest.raises(JobCancelled):
        retry_failed(job_id, TENANT, world.retrying, world.clock)


def test_validation_that_failed_for_lack_of_service_keeps_its_original(world: World) -> None:
    job_id, uploads = world.upload(photo())
    good = world.validation
    world.validation = replace(good, originals=OriginalStore("no-such-bucket", 10**9))
    for _ in range(3):
        with pytest.raises(Transient):
            world.validate(uploads[0])
    world.validate(uploads[0])
    world.validation = good
    world.work_off()

    retry_failed(job_id, TENANT, world.retrying, world.clock)
    world.work_off()

    assert world.task(job_id).outcome is Outcome.CREATED


def test_asset_can_be_retried_long_after_its_job_is_gone(world: World, failed: str) -> None:
    asset_id = str(world.task(failed).asset_id)
    world.now += timedelta(days=60)

    retried = retry_asset(asset_id, TENANT, world.retrying, world.clock)
    world.work_off()

    job = world.job(retried.job_id)
    assert (job.kind, job.status, job.total) == (JobKind.RETRY, JobStatus.COMPLETED, 1)
    assert len(world.catalog.read(asset_id, TENANT).renditions) == 9


def test_asset_whose_job_is_there_is_retried_in_it(world: World, failed: str) -> None:
    retried = retry_asset(str(world.task(failed).asset_id), TENANT, world.retrying, world.clock)

    assert retried.job_id == failed


def test_asset_without_a_failed_stage_has_nothing_to_retry(world: World) -> None:
    job_id, uploads = world.upload(photo())
    world.run(uploads)

    with pytest.raises(NothingToRetry):
        retry_asset(str(world.task(job_id).asset_id), TENANT, world.retrying, world.clock)


# ── Poison ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_work_given_up_leaves_a_poison_record_with_its_message(world: World, failed: str) -> None:
    records = list_poison(TENANT, None, world.poison).records

    kept = world.poison.read(records[0].poison_id, TENANT)
    assert {record.stage for record in records} == {"thumbnails", "variants"}
    assert (records[0].job_id, records[0].attempts, records[0].code) == (failed, 4, "try_again")
    assert records[0].filename == world.task(failed).filename
    assert AssetRequest.model_validate_json(kept.message or "").job_id == failed


def test_redrive_retries_and_drops_the_record(world: World, failed: str) -> None:
    poison_id = list_poison(TENANT, None, world.poison).records[0].poison_id

    retried = redrive_poison(poison_id, TENANT, world.poison, world.retrying, world.clock)
    world.work_off()

    assert retried.reopened == 1
    assert world.job(failed).counts[TaskStatus.COMPLETED] == 1
    with pytest.raises(NotFound):
        redrive_poison(poison_id, TENANT, world.poison, world.retrying, world.clock)


def test_refused_image_is_no_poison(world: World) -> None:
    _, uploads = world.upload(b"a shopping list")
    world.run(uploads)

    assert list_poison(TENANT, None, world.poison).records == []


# ── Dead letters ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_dead_letter_with_attempts_left_is_sent_again(world: World) -> None:
    job_id, uploads = world.upload(photo())

    handle_dead_letter(
        UploadEvent(objects=tuple(uploads)), (Stage.VALIDATION,), world.bench, world.retrying, world.clock
    )
    world.work_off()

    assert world.task(job_id).outcome is Outcome.CREATED


def test_dead_letter_is_sent_again_a_bounded_number_of_times(world: World) -> None:
    job_id, uploads = world.upload(photo())

    for _ in range(4):
        handle_dead_letter(
            UploadEvent(objects=tuple(uploads)), (Stage.VALIDATION,), world.bench, world.retrying, world.clock
        )

    task = world.task(job_id)
    assert (task.outcome, task.error and task.error.code) == (Outcome.FAILED, "worker_died")


def test_dead_letter_without_attempts_left_fails_its_task_and_keeps_the_record(world: World) -> None:
    job_id, uploads = world.upload(photo())
    world.validate(uploads[0])
    request = world.sent("RenditionsQueue")[0]
    for _ in range(4):
        world.tasks.begin_stage(request.task, Stage.THUMBNAILS, world.clock())

    handle_dead_letter(request, RENDITION_STAGES, world.bench, world.retrying, world.clock)
    world.work_off()

    assert world.task(job_id).error is not None
    assert world.job(job_id).status is JobStatus.COMPLETED
    assert [record.stage for record in list_poison(TENANT, None, world.poison).records] == ["thumbnails"]


def test_dead_letter_about_what_has_ended_does_nothing(world: World) -> None:
    job_id, uploads = world.upload(photo())
    world.run(uploads)
    before = world.task(job_id)

    handle_dead_letter(
        UploadEvent(objects=tuple(uploads)), (Stage.VALIDATION,), world.bench, world.retrying, world.clock
    )

    assert world.task(job_id) == before


# ── Reconciling ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_upload_that_never_came_expires_once_no_grant_works(world: World) -> None:
    job_id = world.open_session([photo()]).job_id
    later(world, 700)
    world.reconcile()
    early = world.task(job_id)

    later(world, 900)
    world.reconcile()
    world.project()

    task = world.task(job_id)
    assert early.outcome is None
    assert (task.outcome, task.error and task.error.code) == (Outcome.EXPIRED, "upload_expired")
    assert world.job(job_id).status is JobStatus.COMPLETED


def test_upload_that_comes_after_its_task_expired_is_deleted(world: World) -> None:
    job_id = world.open_session([photo()]).job_id
    later(world, 2000)
    world.reconcile()

    world.run([world.put(job_id, "t00000", photo())])

    assert world.task(job_id).outcome is Outcome.EXPIRED
    assert world.objects(world.cloud.originals_bucket) == set()


def test_expired_upload_needs_a_new_grant(world: World) -> None:
    job_id = world.open_session([photo()]).job_id
    later(world, 2000)
    world.reconcile()
    world.project()

    with pytest.raises(GrantNeeded):
        retry_task(job_id, "t00000", TENANT, world.retrying, world.clock)
    renewed = renew_grants(
        job_id, RenewGrants(task_ids=["t00000"]), TENANT, world.retrying, world.originals, world.clock
    )
    world.run([world.put(job_id, "t00000", photo())])

    assert renewed.uploads[0].upload is not None
    assert world.task(job_id).outcome is Outcome.CREATED
    assert world.job(job_id).counts[TaskStatus.COMPLETED] == 1


def test_upload_whose_event_was_lost_is_found(world: World) -> None:
    job_id, _ = world.upload(photo())
    later(world)

    world.reconcile()
    world.work_off()

    assert world.task(job_id).outcome is Outcome.CREATED


def test_work_whose_message_was_lost_is_sent_again(world: World) -> None:
    job_id, uploads = world.upload(photo())
    world.validate(uploads[0])
    world.sent("RenditionsQueue")
    world.sent("QualityQueue")
    world.project()
    later(world)

    world.reconcile()
    world.work_off()

    assert world.job(job_id).counts[TaskStatus.COMPLETED] == 1


def test_work_that_stays_lost_fails_after_three_times(world: World) -> None:
    job_id, uploads = world.upload(photo())
    world.validate(uploads[0])
    for _ in range(4):
        for queue in ("RenditionsQueue", "QualityQueue", "ValidationQueue"):
            world.sent(queue)
        world.project()
        later(world)
        world.reconcile()
    world.project()

    task = world.task(job_id)
    assert (task.status, task.error and task.error.code) == (TaskStatus.FAILED, "worker_died")
    assert world.job(job_id).status is JobStatus.COMPLETED


def test_reconcile_goes_on_among_the_tasks_where_it_ran_out_of_time(world: World) -> None:
    job_id, uploads = world.upload(photo(1), photo(2), photo(3))
    for uploaded in uploads:
        world.validate(uploaded)
    world.project()
    few = replace(world.bench, tasks=replace(world.tasks, page_size=1))
    world.reconciling = replace(world.reconciling, bench=few)
    later(world)
    seen = []

    for _ in range(3):
        lose_messages(world)
        world.reconcile(world.time_for(1))
        seen.append([task.redrives for task in world.all_tasks(job_id)])
    world.reconcile()

    assert seen == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert world.job(job_id).reconciled_to is None


def test_job_that_cannot_be_read_keeps_no_other_waiting(world: World) -> None:
    job_ids = [world.open_session([photo()]).job_id for _ in range(3)]
    table(world.cloud.jobs_table).update_item(
        Key=rows.job_key(job_ids[1]),
        UpdateExpression="SET kind = :unknown",
        ExpressionAttributeValues={":unknown": "of a later release"},
    )
    later(world, 5000)

    looked_at = world.reconcile()

    assert looked_at == 3
    assert [world.task(job_id).outcome for job_id in job_ids] == [Outcome.EXPIRED, None, Outcome.EXPIRED]


def test_facts_that_were_never_counted_are_counted(world: World) -> None:
    job_id, uploads = world.upload(photo())
    for uploaded in uploads:
        world.validate(uploaded)
    for name in ("RenditionsQueue", "QualityQueue"):
        for message in world.sent(name):
            world.deliver(name, message)
    world.facts()  # the stream's batch was lost
    later(world)

    world.reconcile()

    assert world.job(job_id).status is JobStatus.COMPLETED


def test_dead_dispatcher_is_continued(world: World) -> None:
    _, uploads = world.upload(photo(1, 80, 60), photo(2, 80, 60))
    world.run(uploads)
    job_id = world.start_quality_job(only_missing=False, batch_size=1).job_id
    world.sent("DispatchQueue")
    later(world)

    world.reconcile()
    world.work_off()

    assert world.job(job_id).counts[TaskStatus.COMPLETED] == 2


def test_dispatcher_that_will_not_move_fails_its_job_and_resume_takes_it_up(world: World) -> None:
    _, uploads = world.upload(photo(1, 80, 60), photo(2, 80, 60))
    world.run(uploads)
    job_id = world.start_quality_job(only_missing=False).job_id
    world.sent("DispatchQueue")
    later(world, 7 * 3600)
    world.reconcile()
    given_up = world.job(job_id)
    world.sent("DispatchQueue")

    resumed = world.start_quality_job(resume=True)
    world.work_off()

    assert (given_up.status, given_up.error is not None) == (JobStatus.FAILED, True)
    assert resumed.job_id == job_id
    assert world.job(job_id).counts[TaskStatus.COMPLETED] == 2
    assert world.job(job_id).status is JobStatus.COMPLETED


def test_resume_retries_what_failed_before(world: World) -> None:
    session, uploads = world.upload(photo(1, 80, 60))
    world.run(uploads)
    asset = world.catalog.read(str(world.task(session).asset_id), TENANT)
    job_id = world.start_quality_job(only_missing=False).job_id
    world.dispatch(DispatchStep(job_id=job_id, step=0))
    (message,) = world.sent("BackfillQueue")
    good, world.score_work = world.score_work, replace(world.score_work, originals=OriginalStore("no-such-bucket", 9))
    for _ in range(3):
        with pytest.raises(Transient):
            world.backfill(message)
    world.backfill(message)
    world.project()
    world.score_work = good

    resumed = world.start_quality_job(resume=True)
    world.work_off()

    assert resumed.job_id == job_id
    assert world.job(job_id).counts[TaskStatus.COMPLETED] == 1
    assert asset.asset_id == world.task(job_id).asset_id


def test_upload_in_flight_ends_well_in_a_cancelled_session(world: World) -> None:
    job_id, (begun, waiting) = world.upload(photo(), photo(2))
    world.validate(begun)
    cancel_job(job_id, TENANT, world.jobs, world.clock)

    world.validate(waiting)
    world.work_off()

    task, other = (world.task(job_id, index) for index in range(2))
    assert set(world.catalog.read(task.asset_id or "", TENANT).stages.values()) == {StageStatus.COMPLETED}
    assert (task.outcome, other.asset_id) == (Outcome.CREATED, None)


def test_reconcile_never_revives_what_was_cancelled(world: World) -> None:
    job_id, _ = world.upload(photo())
    cancel_job(job_id, TENANT, world.jobs, world.clock)
    later(world, 5000)

    world.reconcile()
    world.work_off()

    assert world.job(job_id).status is JobStatus.CANCELLED
    assert world.task(job_id).outcome is None


def test_job_that_moves_is_left_alone(world: World) -> None:
    world.upload(photo())

    assert world.reconcile() == 0


# ── Expiry ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_job_that_runs_for_weeks_does_not_expire_while_it_moves(world: World) -> None:
    job_id, uploads = world.upload(*(photo(seed, 80, 60) for seed in range(3)))

    for uploaded in uploads[:2]:
        world.run([uploaded])
        world.now += timedelta(days=10)

    job = world.job(job_id)
    assert job.created_at + timedelta(days=20) < job.expires_at


def test_ended_job_is_readable_for_two_days(world: World) -> None:
    job_id, uploads = world.upload(photo())
    world.run(uploads)

    ended_at = world.job(job_id).completed_at

    assert ended_at is not None
    assert world.job(job_id).expires_at - ended_at >= timedelta(hours=47, minutes=59)


def test_clean_up_removes_expired_jobs_with_their_tasks_and_no_others(world: World) -> None:
    world.tenants.create(TENANT, "shop", world.clock())
    old, uploads = world.upload(photo(1), photo(2))
    world.run(uploads)
    world.now += timedelta(days=3)
    young, _ = world.upload(photo(3))

    removed = clean_up_sessions(world.jobs, world.tenants, clock=world.clock)

    assert (removed.removed_jobs, removed.removed_tasks, removed.has_more) == (1, 2, False)
    assert world.all_tasks(old) == []
    assert len(world.all_tasks(young)) == 1


def test_clean_up_that_runs_out_of_time_goes_on_where_it_stopped(world: World) -> None:
    world.tenants.create(TENANT, "first", world.clock())
    world.tenants.create(STRANGER, "second", world.clock())
    places = [(TENANT, "a"), (TENANT, "b"), (STRANGER, "a")]
    old = [world.open_session([photo()], tenant=tenant, project=project).job_id for tenant, project in places]
    world.now += timedelta(days=400)
    live = world.open_session([photo()], project="a").job_id

    first, second, third = clean_up_in_steps(world)

    assert [done.removed_jobs for done in (first, second, third)] == [1, 1, 1]
    assert [world.all_tasks(job_id) for job_id in old] == [[], [], []]
    assert len(world.all_tasks(live)) == 1


def test_clean_up_goes_on_within_a_project(world: World) -> None:
    world.tenants.create(TENANT, "shop", world.clock())
    older = world.open_session([photo()]).job_id
    world.now += timedelta(seconds=1)
    newer = world.open_session([photo()]).job_id
    world.now += timedelta(days=400)

    clean_up_sessions(world.jobs, world.tenants, cursor=f"{TENANT}/{PROJECT}/{newer}", clock=world.clock)

    assert (len(world.all_tasks(newer)), len(world.all_tasks(older))) == (1, 0)


def clean_up_in_steps(world: World) -> Iterator[CleanedUp]:
    """One page of jobs in each call."""
    cursor: str | None = ""
    while cursor is not None:
        done = clean_up_sessions(
            world.jobs, world.tenants, partial(next, iter([True]), False), cursor=cursor, clock=world.clock
        )
        yield done
        cursor = done.next_cursor


def test_work_that_waits_behind_others_is_not_lost(world: World) -> None:
    job_id, uploads = world.upload(photo(1), photo(2))
    world.validate(uploads[0])
    world.project()
    later(world, 5 * STALL_S)

    world.reconcile()

    assert world.task(job_id).redrives == 0
    assert [request.task_id for request in world.sent("RenditionsQueue")] == ["t00000"]


def test_grant_renewed_meanwhile_keeps_an_upload_from_expiring(world: World) -> None:
    job_id = world.open_session([photo()]).job_id
    read = world.job(job_id)
    later(world, 2000)
    renew_grants(job_id, RenewGrants(task_ids=["t00000"]), TENANT, world.retrying, world.originals, world.clock)

    assert read.granted_until is not None
    expired = world.tasks.expire(
        world.task(job_id).ref, TaskError("upload_expired", "late"), read.granted_until, world.clock()
    )

    assert not expired
    assert world.task(job_id).outcome is None


def test_task_that_was_heard_of_meanwhile_is_not_given_up(world: World) -> None:
    job_id, uploads = world.upload(photo())
    world.validate(uploads[0])
    stale = world.task(job_id)
    world.tasks.begin_stage(stale.ref, Stage.QUALITY, world.clock())

    fail_silent_stage(stale, Stage.QUALITY, TENANT, None, world.bench, world.retrying, world.clock)

    assert world.task(job_id).outcome is None
    assert list_poison(TENANT, None, world.poison).records == []


def test_asset_of_a_cancelled_job_can_be_retried(world: World, failed: str) -> None:
    asset_id = str(world.task(failed).asset_id)
    read = world.job(failed)
    world.jobs.save(replace(read, status=JobStatus.CANCELLED, seq=read.seq + 1), read)

    retried = retry_asset(asset_id, TENANT, world.retrying, world.clock)
    world.work_off()

    assert retried.job_id != failed
    assert world.job(retried.job_id).status is JobStatus.COMPLETED


def test_rendition_is_made_when_asked_for_once_its_retry_was_cancelled(world: World, failed: str) -> None:
    asset_id = world.task(failed).asset_id or ""
    world.now += timedelta(days=3)
    cancel_job(retry_asset(asset_id, TENANT, world.retrying, world.clock).job_id, TENANT, world.jobs, world.clock)
    world.work_off()

    with pytest.raises(NotReady):
        world.find_rendition(asset_id, "card")
    world.work_off()

    assert world.find_rendition(asset_id, "card")


def test_retrying_out_of_time_says_that_there_is_more(world: World, failed: str) -> None:
    retried = retry_failed(failed, TENANT, world.retrying, world.clock, has_time=lambda: False)

    assert (retried.reopened, retried.has_more) == (0, True)
