"""Deleting an image at any moment of its way."""

import pytest

from shared.domain.job import JobStatus
from shared.domain.task import Outcome, TaskStatus
from shared.errors import InvalidId, NotFound
from shared.usecases.delete_asset import delete_asset
from tests.crashes import died
from tests.ledger import assert_nothing_is_lost
from tests.pictures import photo
from tests.stores.jobs import STRANGER
from tests.world import PROJECT, TENANT, World

SMALL = (40, 40)


@pytest.fixture
def asset_id(world: World) -> str:
    """An image that is validated; its renditions and its scores are under way."""
    return world.task(_upload(world)).asset_id or ""


def _upload(world: World) -> str:
    job_id, (uploaded,) = world.upload(photo(1, *SMALL))
    world.validate(uploaded)
    return job_id


def test_work_in_flight_for_a_deleted_image_ends_as_skipped(world: World, asset_id: str) -> None:
    delete_asset(asset_id, TENANT, world.catalog, world.clock)

    world.work_off()

    (job,) = world.all_jobs()
    task = world.task(job.job_id)
    assert (task.outcome, job.status) == (Outcome.SKIPPED, JobStatus.COMPLETED)
    assert job.counts[TaskStatus.SKIPPED] == job.total == 1
    assert world.catalog.find(asset_id) is None
    assert world.objects(world.cloud.renditions_bucket) == set()


def test_image_deleted_between_renditions_and_scores_ends_as_skipped(world: World, asset_id: str) -> None:
    (request,) = world.sent("RenditionsQueue")
    world.render(request)
    delete_asset(asset_id, TENANT, world.catalog, world.clock)

    world.work_off()

    (job,) = world.all_jobs()
    assert (world.task(job.job_id).outcome, job.counts[TaskStatus.SKIPPED]) == (Outcome.SKIPPED, 1)
    assert world.catalog.statistics(TENANT, PROJECT).assets == 0


def test_same_content_uploaded_after_a_delete_is_worked_on_anew(world: World, asset_id: str) -> None:
    world.work_off()
    delete_asset(asset_id, TENANT, world.catalog, world.clock)

    job_id, uploads = world.upload(photo(1, *SMALL))
    world.run(uploads)

    task = world.task(job_id)
    assert (task.outcome, task.asset_id) == (Outcome.CREATED, asset_id)
    asset = world.catalog.read(asset_id, TENANT)
    assert asset.quality is not None
    assert world.catalog.statistics(TENANT, PROJECT).assets == world.usage()["asset_count"] == 1


def test_work_of_a_deleted_image_leaves_its_successor_alone(world: World, asset_id: str) -> None:
    old = [(name, message) for name in ("RenditionsQueue", "QualityQueue") for message in world.sent(name)]
    delete_asset(asset_id, TENANT, world.catalog, world.clock)
    second = _upload(world)

    for name, message in old:
        world.deliver(name, message)
    world.work_off()

    first = next(job for job in world.all_jobs() if job.job_id != second)
    assert world.task(first.job_id).outcome is Outcome.SKIPPED
    assert world.task(second).outcome is Outcome.CREATED
    assert world.catalog.read(asset_id, TENANT).creator.startswith(second)


def test_second_delete_finds_nothing_and_counts_nothing(world: World, asset_id: str) -> None:
    delete_asset(asset_id, TENANT, world.catalog, world.clock)
    before = world.usage()

    with pytest.raises(NotFound):
        delete_asset(asset_id, TENANT, world.catalog, world.clock)

    assert world.usage() == before


def test_another_tenant_deletes_nothing(world: World, asset_id: str) -> None:
    with pytest.raises(NotFound):
        delete_asset(asset_id, STRANGER, world.catalog, world.clock)

    assert world.catalog.find(asset_id) is not None


def test_what_is_no_id_is_refused(world: World) -> None:
    with pytest.raises(InvalidId):
        delete_asset("7", TENANT, world.catalog, world.clock)


def test_news_that_comes_again_leaves_the_original_in_its_grave(world: World) -> None:
    _, (uploaded,) = world.upload(photo(1, *SMALL))
    world.validate(uploaded)
    delete_asset(world.all_assets()[0].asset_id, TENANT, world.catalog, world.clock)
    world.work_off()

    world.validate(uploaded)

    assert_nothing_is_lost(world)
    assert len(world.stored()[0]) == 1


def test_validation_tried_again_leaves_the_original_in_its_grave_though_a_successor_stands(world: World) -> None:
    _, (uploaded,) = world.upload(photo(1, *SMALL))
    assert died(2, lambda: world.validate(uploaded)), "the image is there, the task does not say so"
    delete_asset(world.all_assets()[0].asset_id, TENANT, world.catalog, world.clock)
    second = _upload(world)

    world.validate(uploaded)
    world.work_off()

    assert_nothing_is_lost(world)
    assert world.all_assets()[0].creator.startswith(second)
    assert len(world.stored()[0]) == 2
