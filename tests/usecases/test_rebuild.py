"""Rebuilding a project's renditions: a job like any other, over the images that lack a current one."""

from collections import Counter
from collections.abc import Callable

import pytest

from shared.domain.job import JobKind, JobStatus
from shared.domain.presets import BUILT_IN_NAMES, Mode, eager, is_current
from shared.domain.task import Outcome, TaskStatus
from shared.errors import JobActive, NotReady
from shared.messages import DispatchStep
from shared.usecases.cancel_job import cancel_job
from shared.usecases.retry_tasks import retry_failed
from tests.cloud import client
from tests.crashes import watched
from tests.pictures import photo
from tests.world import PROJECT, TENANT, World

HERO = {"name": "hero", "box": [30, 30], "format": "webp"}


@pytest.fixture
def images(world: World) -> World:
    """A project of three images with everything done, before the tenant had a preset of its own."""
    world.once(_make_three)
    return world


def _make_three(world: World) -> None:
    _, uploads = world.upload(*(photo(seed, 60, 40) for seed in range(3)))
    world.run(uploads)


def is_all_current(world: World) -> bool:
    presets = eager(world.presets.read(TENANT))
    return all(is_current(asset, preset) for asset in world.all_assets() for preset in presets)


def test_rebuild_makes_every_eager_rendition_current_and_is_counted_exactly(images: World) -> None:
    images.set_presets(HERO)
    assert not is_all_current(images)

    started = images.rebuild()
    images.work_off()

    job = images.job(started.job_id)
    assert (started.total_images, job.kind, job.status) == (3, JobKind.RENDITIONS, JobStatus.COMPLETED)
    assert Counter(task.status for task in images.all_tasks(job.job_id)) == {TaskStatus.COMPLETED: 3}
    assert {task.outcome for task in images.all_tasks(job.job_id)} == {Outcome.REBUILT}
    assert is_all_current(images)


def test_rebuild_takes_only_images_that_lack_a_current_rendition(images: World) -> None:
    images.set_presets(HERO)
    first = images.all_assets()[0]
    with pytest.raises(Exception, match="Ask again"):
        images.find_rendition(first.asset_id, "hero")
    images.work_off()

    started = images.rebuild()

    images.work_off()
    tasks = images.all_tasks(started.job_id)
    assert {task.asset_id for task in tasks} == {asset.asset_id for asset in images.all_assets()} - {first.asset_id}


def test_rebuild_writes_only_what_is_not_there(images: World) -> None:
    images.set_presets(HERO)
    images.rebuild()

    with watched() as calls:
        images.work_off()

    assert calls.made.count("PutObject") == 3


def test_rebuild_of_what_is_current_is_completed_at_once(images: World) -> None:
    started = images.rebuild()

    assert (started.total_images, started.status) == (0, "completed")


def test_rebuild_of_everything_looks_at_every_image(images: World) -> None:
    started = images.rebuild(only_missing=False)
    images.work_off()

    assert (started.total_images, images.job(started.job_id).status) == (3, JobStatus.COMPLETED)


def test_presets_on_demand_are_left_to_who_asks(images: World) -> None:
    images.set_presets(HERO | {"mode": Mode.ON_DEMAND})

    assert images.rebuild().total_images == 0


def test_project_has_one_rebuild_at_a_time_beside_a_quality_job(images: World) -> None:
    images.set_presets(HERO)
    first = images.rebuild()

    images.start_quality_job(only_missing=False)
    with pytest.raises(JobActive) as refused:
        images.rebuild()

    assert refused.value.job_id == first.job_id


def test_rebuild_waits_in_a_lane_of_its_own(images: World) -> None:
    images.set_presets(HERO)
    images.rebuild()
    (step,) = images.sent("DispatchQueue")
    images.deliver("DispatchQueue", step)

    assert images.sent("RenditionsQueue") == []
    assert len(images.sent("RebuildQueue")) == 3


def test_cancelled_rebuild_skips_what_has_not_begun(images: World) -> None:
    images.set_presets(HERO)
    job_id = images.rebuild().job_id
    (step,) = images.sent("DispatchQueue")
    images.deliver("DispatchQueue", step)
    first, *_ = messages = images.sent("RebuildQueue")
    images.deliver("RebuildQueue", first)
    images.project()

    receipt = cancel_job(job_id, TENANT, images.jobs, images.clock)
    for message in messages:
        images.deliver("RebuildQueue", message)
    images.project()

    assert (receipt.processed, receipt.skipped, receipt.in_flight) == (1, 2, 0)
    assert sum("hero" in asset.renditions for asset in images.all_assets()) == 1


def test_failed_images_of_a_rebuild_are_tried_again_in_its_lane(images: World) -> None:
    images.set_presets(HERO)
    lost = images.all_assets()[0]
    version = {"Key": lost.original.key, "VersionId": lost.original.version_id}
    client("s3").delete_object(Bucket=images.cloud.originals_bucket, **version)
    job_id = images.rebuild().job_id
    images.work_off()
    assert images.job(job_id).counts[TaskStatus.FAILED] == 1

    retried = retry_failed(job_id, TENANT, images.retrying, images.clock)

    assert retried.reopened == 1
    assert len(images.sent("RebuildQueue")) == 1
    assert images.jobs.latest(TENANT, PROJECT, JobKind.RENDITIONS) is not None


def test_image_that_fails_in_a_rebuild_keeps_what_it_has(images: World) -> None:
    images.set_presets(HERO)
    lost = images.all_assets()[0]
    version = {"Key": lost.original.key, "VersionId": lost.original.version_id}
    client("s3").delete_object(Bucket=images.cloud.originals_bucket, **version)

    images.rebuild()
    images.work_off()

    after = next(asset for asset in images.all_assets() if asset.asset_id == lost.asset_id)
    assert (after.stages, after.renditions) == (lost.stages, lost.renditions)


# ── Many images, most of them current ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def mostly_current(world: World) -> World:
    """Five images of which the last lacks its one rendition; a step of a job's freezing looks at two."""
    world.set_presets(HERO, *({"name": name, "enabled": False} for name in BUILT_IN_NAMES))
    _, uploads = world.upload(*(photo(seed, 60, 40) for seed in range(5)))
    for uploaded in uploads:
        world.validate(uploaded)
    last = world.all_assets()[-1].asset_id
    for message in world.sent("RenditionsQueue"):
        if message.asset_id != last:
            world.render(message)
    world.sent("QualityQueue")
    world.project()
    world.look_at(2)
    return world


def test_rebuild_looks_at_a_page_of_images_a_step_and_goes_on_where_it_stopped(mostly_current: World) -> None:
    started = mostly_current.rebuild()
    seen = []

    for step in range(3):
        mostly_current.dispatch(DispatchStep(job_id=started.job_id, step=step), mostly_current.time_for(1))
        dispatch = mostly_current.jobs.read_dispatch(started.job_id)
        assert dispatch is not None
        seen.append((dispatch.step, dispatch.chunks, dispatch.is_frozen))

    assert started.total_images is None
    assert seen == [(1, (0,), False), (2, (0, 0), False), (3, (0, 0, 1), True)]
    assert mostly_current.job(started.job_id).total == 1


def delete_the_last(world: World) -> None:
    world.catalog.delete(world.all_assets()[-1].asset_id, TENANT, world.clock())


def make_the_last_current(world: World) -> None:
    with pytest.raises(NotReady):
        world.find_rendition(world.all_assets()[-1].asset_id, "hero")
    for message in world.sent("RenditionsQueue"):
        world.render(message)


def let_another_arrive(world: World) -> None:
    _, uploads = world.upload(photo(9, 60, 40))
    for uploaded in uploads:
        world.validate(uploaded)


def change_the_preset(world: World) -> None:
    world.set_presets(HERO | {"box": [20, 20]}, *({"name": name, "enabled": False} for name in BUILT_IN_NAMES))


@pytest.mark.parametrize("happen", [delete_the_last, make_the_last_current, let_another_arrive, change_the_preset])
@pytest.mark.parametrize("steps", [1, 3])
def test_rebuild_ends_right_whatever_happens_between_its_steps(
    mostly_current: World, happen: Callable[[World], None], steps: int
) -> None:
    world = mostly_current
    job_id = world.rebuild().job_id
    world.dispatch(DispatchStep(job_id=job_id, step=0), world.time_for(steps))

    happen(world)
    world.work_off()

    job, tasks = world.job(job_id), world.all_tasks(job_id)
    assert (job.status, job.total) == (JobStatus.COMPLETED, len(tasks))
    assert {status: n for status, n in job.counts.items() if n} == Counter(task.status for task in tasks)
    assert len({task.asset_id for task in tasks}) == len(tasks)
    world.rebuild()
    world.work_off()
    assert is_all_current(world)
