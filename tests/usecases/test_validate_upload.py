import hashlib
from dataclasses import replace

import pytest

from shared.domain.job import JobStatus
from shared.domain.stage import Stage
from shared.domain.task import Outcome, StageStatus, TaskStatus
from shared.errors import RenditionFailed, Transient
from shared.messages import UploadedObject
from shared.stores.images import RenditionStore
from tests.pictures import photo
from tests.world import TENANT, World


def test_good_image_becomes_an_asset_and_its_job_completes(world: World) -> None:
    job_id, uploads = world.upload(photo())

    world.run(uploads)

    task = world.task(job_id)
    job = world.job(job_id)
    assert (task.outcome, task.status) == (Outcome.CREATED, TaskStatus.COMPLETED)
    assert (job.status, job.counts[TaskStatus.COMPLETED]) == (JobStatus.COMPLETED, 1)
    asset = world.catalog.read(task.asset_id or "", TENANT)
    assert len(asset.renditions) == 9
    assert asset.quality is not None
    assert set(asset.stages.values()) == {StageStatus.COMPLETED}


def test_same_bytes_in_one_session_make_one_asset(world: World) -> None:
    job_id, uploads = world.upload(photo(), photo())

    world.run(uploads)

    first, second = world.all_tasks(job_id)
    assert (first.outcome, second.outcome) == (Outcome.CREATED, Outcome.EXISTS)
    assert first.asset_id == second.asset_id
    assert world.usage()["asset_count"] == 1
    assert len(world.objects(world.cloud.originals_bucket)) == 1


def test_same_bytes_later_end_as_existing_with_the_first_thumbnail(world: World) -> None:
    _, uploads = world.upload(photo())
    world.run(uploads)

    job_id, again = world.upload(photo())
    world.run(again)

    task = world.task(job_id)
    assert task.outcome is Outcome.EXISTS
    assert task.thumbnail_key
    assert world.job(job_id).status is JobStatus.COMPLETED


def test_redelivery_to_the_creator_still_says_created(world: World) -> None:
    job_id, uploads = world.upload(photo())
    world.run(uploads)
    before = world.job(job_id)

    world.run(uploads)

    assert world.task(job_id).outcome is Outcome.CREATED
    assert world.job(job_id) == before
    assert len(world.objects(world.cloud.originals_bucket)) == 1


def test_known_content_needs_no_upload(world: World) -> None:
    _, uploads = world.upload(photo())
    world.run(uploads)

    session = world.open_session([photo()], sha256=hashlib.sha256(photo()).hexdigest())

    assert session.uploads[0].outcome == "exists"
    assert session.uploads[0].upload is None
    assert world.job(session.job_id).status is JobStatus.COMPLETED


def test_bytes_that_are_not_the_declared_ones_are_refused(world: World) -> None:
    session = world.open_session([photo()], sha256="0" * 64)

    world.run([world.put(session.job_id, "t00000", photo())])

    task = world.task(session.job_id)
    assert (task.outcome, task.error and task.error.code) == (Outcome.REFUSED, "hash_mismatch")
    assert world.objects(world.cloud.originals_bucket) == set()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_file"),
        (photo()[:2000], "truncated_image"),
        (b"a shopping list", "unsupported_format"),
    ],
)
def test_bad_file_is_refused_with_a_reason_and_deleted(world: World, body: bytes, code: str) -> None:
    job_id, uploads = world.upload(body)

    world.run(uploads)

    task = world.task(job_id)
    assert (task.outcome, task.error and task.error.code) == (Outcome.REFUSED, code)
    assert world.job(job_id).counts[TaskStatus.FAILED] == 1
    assert world.job(job_id).status is JobStatus.COMPLETED
    assert world.objects(world.cloud.originals_bucket) == set()


def test_second_upload_with_a_used_grant_is_deleted(world: World) -> None:
    job_id, uploads = world.upload(photo(1))
    world.run(uploads)

    world.run([world.put(job_id, "t00000", photo(2))])

    kept = world.objects(world.cloud.originals_bucket)
    assert {key.split("@")[1] for key in kept} == {uploads[0].version_id}
    assert world.task(job_id).outcome is Outcome.CREATED


def test_second_upload_that_is_seen_first_is_the_one_that_counts(world: World) -> None:
    job_id, uploads = world.upload(photo(1))
    second = world.put(job_id, "t00000", photo(2))

    world.run([second, *uploads])

    asset = world.catalog.read(world.task(job_id).asset_id or "", TENANT)
    assert asset.original.version_id == second.version_id
    assert len(world.objects(world.cloud.originals_bucket)) == 1


def test_upload_for_a_task_that_does_not_exist_is_deleted(world: World) -> None:
    job_id, _ = world.upload(photo())

    world.validate(world.put(job_id, "t00099", photo(2)))

    assert not any("t00099" in key for key in world.objects(world.cloud.originals_bucket))


def test_object_that_is_none_of_ours_is_left_alone(world: World) -> None:
    world.validate(UploadedObject(key="elsewhere/file.jpg", version_id="v"))

    assert world.sent("RenditionsQueue") == []


def test_fourth_failed_attempt_at_a_stage_fails_it_for_good(world: World) -> None:
    job_id, uploads = world.upload(photo())
    world.validate(uploads[0])
    request = world.sent("RenditionsQueue")[0]
    world.rendition_work = replace(world.rendition_work, renditions=RenditionStore("no-such-bucket"))

    for _ in range(6):
        with pytest.raises(Transient):
            world.render(request)
    world.render(request)

    task = world.task(job_id)
    assert task.attempts == {Stage.VALIDATION: 1, Stage.THUMBNAILS: 4, Stage.VARIANTS: 4}
    assert (task.outcome, task.error and task.error.code) == (Outcome.FAILED, "try_again")
    with pytest.raises(RenditionFailed):
        world.find_rendition(task.asset_id or "", "card")
