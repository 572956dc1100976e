"""Killed after any of its side effects and delivered again, every run ends as the one that was never cut."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from shared.domain.asset import Asset, Original
from shared.domain.ids import asset_id_of, job_id_at, task_id_at
from shared.domain.job import Job
from shared.domain.keys import creator_of
from shared.domain.presets import BUILT_IN_NAMES
from shared.domain.stage import Stage
from shared.domain.task import (
    MAX_ATTEMPTS,
    MAX_REDRIVES,
    UPLOAD_STAGES,
    Outcome,
    StageStatus,
    Task,
    TaskError,
    TaskRef,
    completed,
)
from shared.messages import Message, UploadEvent
from shared.schemas import RenewGrants
from shared.usecases.cancel_job import cancel_job
from shared.usecases.redrive_poison import redrive_poison
from shared.usecases.renew_grants import renew_grants
from shared.usecases.retry_asset import retry_asset
from shared.usecases.retry_tasks import retry_failed, retry_task
from tests.cloud import build
from tests.conftest import forget_clients
from tests.crashes import died, watched
from tests.pictures import photo
from tests.world import PROJECT, STALL_S, START, TENANT, World

HERO = {"name": "hero", "box": [30, 30], "format": "webp"}
OLD_JOB = job_id_at(START - timedelta(days=30), bytes(10))
FAULT = TaskError("try_again", "The service is busy; try again")

Run = Callable[[], object]
Recovery = Callable[[World, Run], None]


# ── What is compared ──────────────────────────────────────────────────────────────────────────────────────────────


def snapshot(world: World) -> dict[str, Any]:
    """All that a run leaves behind but times, attempts and chance: jobs are named by the order of their creation."""
    jobs = world.all_jobs()
    names = {job.job_id: f"job{n}" for n, job in enumerate(jobs)}

    def named(text: str | None) -> str | None:
        for job_id, name in names.items():
            text = text.replace(job_id, name) if text else text
        return text

    def keys(bucket: str) -> list[str | None]:
        return sorted(named(version.split("@")[0]) or "" for version in world.objects(bucket))

    originals = keys(world.cloud.originals_bucket)
    return {
        "jobs": [_job(job) for job in jobs],
        "tasks": [_task(task, named) for job in jobs for task in world.all_tasks(job.job_id)],
        "assets": [_asset(asset, named) for asset in world.all_assets()],
        "usage": {name: n for name, n in world.usage().items() if n},
        "originals": [key for key in originals if key and key.startswith("originals/")],
        # Lifecycle deletes manifests: an older version of one, and one whose job was never committed, may lie about.
        "manifests": {
            key for key in originals if key and key.startswith(f"manifests/{TENANT}/job") and "job_" not in key
        },
        "renditions": keys(world.cloud.renditions_bucket),
        "poison": [(named(record.poison_id), record.code) for record in world.poison.page(TENANT, None).records],
        "left in a queue": [name for name in world.HANDLERS if world.sent(name)],
    }


def _job(job: Job) -> dict[str, Any]:
    return {
        "kind": job.kind,
        "status": job.status,
        "epoch": job.epoch,
        "total": job.total,
        "counts": {status: n for status, n in job.counts.items() if n},
        "is_frozen": job.is_frozen,
        "error": job.error,
    }


def _task(task: Task, named: Callable[[str | None], str | None]) -> dict[str, Any]:
    return {
        "task": (named(task.job_id), task.task_id),
        "status": task.status,
        "outcome": task.outcome,
        "stages": task.stages,
        "counted": task.mark,
        "epoch": task.epoch,
        "error": task.error,
        "asset_id": task.asset_id,
        "thumbnail_key": named(task.thumbnail_key),
    }


def _asset(asset: Asset, named: Callable[[str | None], str | None]) -> dict[str, Any]:
    quality = {name: value for name, value in (asset.quality or {}).items() if name != "computed_at"}
    renditions = {
        preset: (named(made.key), made.format, made.width, made.height, made.bytes, made.quality)
        for preset, made in asset.renditions.items()
    }
    return {
        "asset_id": asset.asset_id,
        "creator": named(asset.creator),
        "filename": asset.filename,
        "original": named(asset.original.key),
        "stages": asset.stages,
        "renditions": renditions,
        "quality": quality,
    }


# ── How a run that was cut is made good ───────────────────────────────────────────────────────────────────────────


def delivered_again(world: World, run: Run) -> None:
    """The queue or the stream still has the message."""
    run()
    world.work_off()


def delivered_again_and_continued(world: World, run: Run) -> None:
    """Cut between two steps, the message is of a step that is done: reconcile sends for the next."""
    delivered_again(world, run)
    _rounds(world, world.reconcile)


def asked_again_if_in_vain(world: World, run: Run) -> None:
    """A caller without an answer calls again only if nothing that it asked for has begun; reconcile does the rest."""
    if all(job.is_ended for job in world.all_jobs()):
        run()
    _rounds(world, world.reconcile)


def asked_again_while_kept(world: World, run: Run) -> None:
    """Whoever works off the poison records calls again for as long as the record is there."""
    if world.poison.page(TENANT, None).records:
        run()
    _rounds(world, world.reconcile)


def next_round(world: World, run: Run) -> None:
    """The schedule runs it again."""
    _rounds(world, run)


def _rounds(world: World, run: Run) -> None:
    for _ in range(2):
        _stall(world)
        run()
        world.work_off()


def _stall(world: World) -> None:
    world.now += timedelta(seconds=STALL_S + 1)


# ── The runs ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Scene:
    """A world in which something is about to be run, and how that is made good when it is cut."""

    arrange: Callable[[World], Run]
    recover: Recovery = delivered_again


SCENES: dict[str, Scene] = {}


def scene(recover: Recovery = delivered_again) -> Callable[[Callable[[World], Run]], Callable[[World], Run]]:
    def note(arrange: Callable[[World], Run]) -> Callable[[World], Run]:
        SCENES[arrange.__name__] = Scene(arrange, recover)
        return arrange

    return note


def picture(seed: int = 0) -> bytes:
    return photo(seed, 40, 40)


def waiting(world: World, queue: str) -> Message:
    """The one message in a queue, taken out of it."""
    [message] = world.sent(queue)
    return message


def validated(world: World, *seeds: int) -> str:
    """A session whose images are validated and counted, their further work still in the queues."""
    job_id, uploads = world.upload(*map(picture, seeds))
    for uploaded in uploads:
        world.validate(uploaded)
    world.project()
    return job_id


def lose_messages(world: World) -> None:
    for name in world.HANDLERS:
        world.sent(name)


def stored(world: World, *seeds: int) -> None:
    """Assets without renditions and scores, of a job that is long gone."""
    for seed in seeds:
        body = picture(seed)
        sha256 = hashlib.sha256(body).hexdigest()
        original = world.put(OLD_JOB, task_id_at(seed), body)
        world.catalog.create(
            Asset(
                asset_id=asset_id_of(TENANT, PROJECT, sha256),
                tenant=TENANT,
                project=PROJECT,
                creator=creator_of(OLD_JOB, task_id_at(seed)),
                filename=f"{seed}.jpg",
                content_hash=sha256,
                original=Original(original.key, original.version_id),
                format="jpeg",
                width=40,
                height=40,
                bytes=len(body),
                color_space="sRGB",
                created_at=START,
                stages={**completed(UPLOAD_STAGES), Stage.QUALITY: StageStatus.FAILED},
            )
        )


def failed(world: World, *seeds: int) -> str:
    """A session whose images have their renditions; their scoring used up its attempts."""
    job_id = validated(world, *seeds)
    rendered(world)
    for message in world.sent("QualityQueue"):
        use_up_attempts(world, message.assets[0].task, Stage.QUALITY)
        world.score(message)
    world.project()
    return job_id


def rendered(world: World) -> None:
    """As if what is in the queue had been worked off; making renditions takes long and is proved by itself."""
    for message in world.sent("RenditionsQueue"):
        for stage in (Stage.THUMBNAILS, Stage.VARIANTS):
            world.catalog.save_renditions(message.asset_id, message.creator, stage, [], 1, world.clock())
            world.tasks.finish_stage(message.task, stage, world.clock())


def use_up_attempts(world: World, task: TaskRef, stage: Stage) -> None:
    for _ in range(MAX_ATTEMPTS):
        world.tasks.begin_stage(task, stage, world.clock())


def lose_asset(world: World, filename: str) -> None:
    """As if the asset had been deleted, and purged."""
    [asset] = [asset for asset in world.all_assets() if asset.filename == filename]
    boto3.resource("dynamodb").Table(world.cloud.catalog_table).delete_item(
        Key={"pk": f"ASSET#{asset.asset_id}", "sk": "ASSET"}
    )
    world.originals.delete(asset.original)


@scene()
def validating_a_good_image(world: World) -> Run:
    _, [object_] = world.upload(picture())
    return lambda: world.validate(object_)


@scene()
def validating_a_duplicate(world: World) -> Run:
    stored(world, 0)
    _, [object_] = world.upload(picture())
    return lambda: world.validate(object_)


@scene()
def validating_a_refused_file(world: World) -> Run:
    _, [object_] = world.upload(b"not an image")
    return lambda: world.validate(object_)


@scene()
def validating_a_late_second_upload(world: World) -> Run:
    job_id = validated(world, 0)
    second = world.put(job_id, "t00000", picture(1))
    return lambda: world.validate(second)


@scene()
def validating_an_upload_to_a_cancelled_session(world: World) -> Run:
    job_id, [object_] = world.upload(picture())
    cancel_job(job_id, TENANT, world.jobs, world.clock)
    return lambda: world.validate(object_)


@scene()
def validating_for_one_attempt_too_many(world: World) -> Run:
    job_id, [object_] = world.upload(picture())
    for _ in range(MAX_ATTEMPTS):
        world.tasks.begin_stage(TaskRef(job_id, "t00000"), Stage.VALIDATION, world.clock(), object_.version_id)
    return lambda: world.validate(object_)


@scene()
def making_renditions(world: World) -> Run:
    validated(world, 0)
    message = waiting(world, "RenditionsQueue")
    return lambda: world.deliver("RenditionsQueue", message)


@scene()
def making_renditions_of_a_lost_original(world: World) -> Run:
    validated(world, 0)
    message: Any = waiting(world, "RenditionsQueue")
    world.originals.delete(message.original)
    world.sent("QualityQueue")
    return lambda: world.deliver("RenditionsQueue", message)


@scene()
def making_renditions_for_one_attempt_too_many(world: World) -> Run:
    validated(world, 0)
    message: Any = waiting(world, "RenditionsQueue")
    use_up_attempts(world, message.task, Stage.THUMBNAILS)
    return lambda: world.deliver("RenditionsQueue", message)


@scene()
def scoring_an_upload(world: World) -> Run:
    validated(world, 0)
    message = waiting(world, "QualityQueue")
    return lambda: world.deliver("QualityQueue", message)


@scene()
def scoring_an_upload_whose_original_is_lost(world: World) -> Run:
    validated(world, 0)
    message: Any = waiting(world, "QualityQueue")
    world.sent("RenditionsQueue")
    world.originals.delete(message.assets[0].original)
    return lambda: world.deliver("QualityQueue", message)


@scene()
def scoring_for_one_attempt_too_many(world: World) -> Run:
    validated(world, 0)
    rendered(world)
    message: Any = waiting(world, "QualityQueue")
    use_up_attempts(world, message.assets[0].task, Stage.QUALITY)
    return lambda: world.deliver("QualityQueue", message)


@scene()
def scoring_a_batch_with_a_deleted_asset(world: World) -> Run:
    stored(world, 0, 1)
    world.start_quality_job()
    world.deliver("DispatchQueue", waiting(world, "DispatchQueue"))
    lose_asset(world, "1.jpg")
    message = waiting(world, "BackfillQueue")
    return lambda: world.deliver("BackfillQueue", message)


@scene(delivered_again_and_continued)
def freezing_a_manifest_and_handing_it_out(world: World) -> Run:
    stored(world, 0, 1)
    world.look_at(1)
    world.start_quality_job(batch_size=1)
    message = waiting(world, "DispatchQueue")
    return lambda: world.deliver("DispatchQueue", message)


@scene(delivered_again_and_continued)
def freezing_a_rebuild_of_few_among_many(world: World) -> Run:
    world.set_presets(HERO, *({"name": name, "enabled": False} for name in BUILT_IN_NAMES))
    stored(world, 0, 1)
    world.rebuild()
    world.work_off()
    stored(world, 2)
    world.look_at(1)
    world.rebuild()
    message = waiting(world, "DispatchQueue")
    return lambda: world.deliver("DispatchQueue", message)


@scene(delivered_again_and_continued)
def handing_out_a_manifest_with_a_deleted_asset(world: World) -> Run:
    stored(world, 0, 1)
    world.start_quality_job(batch_size=2)
    lose_asset(world, "1.jpg")
    message = waiting(world, "DispatchQueue")
    return lambda: world.deliver("DispatchQueue", message)


@scene(delivered_again_and_continued)
def handing_out_slowly(world: World) -> Run:
    stored(world, 0, 1)
    world.start_quality_job(batch_size=1, delay_ms=500)
    message = waiting(world, "DispatchQueue")
    return lambda: world.deliver("DispatchQueue", message)


@scene()
def counting(world: World) -> Run:
    job_id, uploads = world.upload(picture(0), picture(1), b"not an image")
    for object_ in uploads:
        world.validate(object_)
    facts = world.facts()
    assert len(facts) >= 6, job_id
    return lambda: world.project(facts)


@scene(asked_again_if_in_vain)
def opening_a_session(world: World) -> Run:
    return lambda: world.open_session([picture(0), picture(1)])


@scene(asked_again_if_in_vain)
def renewing_grants_of_an_expired_upload(world: World) -> Run:
    job_id = world.open_session([picture()]).job_id
    world.now += timedelta(hours=1)
    world.reconcile()
    world.project()
    request = RenewGrants(task_ids=["t00000"])

    def run() -> None:
        renew_grants(job_id, request, TENANT, world.retrying, world.originals, world.clock)

    return run


@scene(asked_again_if_in_vain)
def starting_a_quality_job(world: World) -> Run:
    stored(world, 0, 1)
    return world.start_quality_job


@scene(asked_again_if_in_vain)
def resuming_a_quality_job(world: World) -> Run:
    stored(world, 0, 1)
    world.start_quality_job()
    world.deliver("DispatchQueue", waiting(world, "DispatchQueue"))
    batch: Any = waiting(world, "BackfillQueue")
    for asset in batch.assets:
        world.tasks.fail_stage(asset.task, Stage.QUALITY, FAULT, Outcome.FAILED, world.clock())
    world.project()
    return lambda: world.start_quality_job(resume=True)


@scene(asked_again_if_in_vain)
def retrying_the_failed_tasks(world: World) -> Run:
    job_id = failed(world, 0, 1)
    return lambda: retry_failed(job_id, TENANT, world.retrying, world.clock)


@scene(asked_again_if_in_vain)
def retrying_one_task(world: World) -> Run:
    job_id = failed(world, 0)
    return lambda: retry_task(job_id, "t00000", TENANT, world.retrying, world.clock)


@scene(asked_again_if_in_vain)
def retrying_an_asset_whose_job_is_gone(world: World) -> Run:
    stored(world, 0)
    [asset] = world.all_assets()
    return lambda: retry_asset(asset.asset_id, TENANT, world.retrying, world.clock)


@scene(asked_again_while_kept)
def redriving_a_poison_record(world: World) -> Run:
    job_id = failed(world, 0)
    return lambda: redrive_poison(f"{job_id}.t00000.quality.1", TENANT, world.poison, world.retrying, world.clock)


@scene(asked_again_if_in_vain)
def cancelling_a_job(world: World) -> Run:
    job_id, uploads = world.upload(picture(0), picture(1), picture(2))
    world.validate(uploads[0])
    world.project()
    world.validate(uploads[1])
    return lambda: cancel_job(job_id, TENANT, world.jobs, world.clock)


@scene()
def sending_a_dead_letter_again(world: World) -> Run:
    validated(world, 0)
    message = waiting(world, "RenditionsQueue")
    return lambda: world.dead_letter("RenditionsQueue", message)


@scene()
def sending_a_dead_upload_again(world: World) -> Run:
    _, [object_] = world.upload(picture())
    return lambda: world.dead_letter("ValidationQueue", UploadEvent(objects=(object_,)))


@scene()
def giving_up_a_dead_letter(world: World) -> Run:
    validated(world, 0)
    message: Any = waiting(world, "QualityQueue")
    use_up_attempts(world, message.assets[0].task, Stage.QUALITY)
    return lambda: world.dead_letter("QualityQueue", message)


@scene(next_round)
def reconciling_lost_messages(world: World) -> Run:
    validated(world, 0)
    lose_messages(world)
    _stall(world)
    return world.reconcile


@scene(next_round)
def reconciling_a_lost_upload_event_and_a_file_that_never_came(world: World) -> Run:
    session = world.open_session([picture(0), picture(1)])
    world.put(session.job_id, "t00000", picture(0))
    world.now += timedelta(hours=1)
    return world.reconcile


@scene(next_round)
def reconciling_what_was_not_counted(world: World) -> Run:
    validated(world, 0, 1)
    rendered(world)
    for message in world.sent("QualityQueue"):
        world.score(message)
    world.facts()
    _stall(world)
    return world.reconcile


@scene(next_round)
def reconciling_a_dead_dispatcher(world: World) -> Run:
    stored(world, 0, 1)
    world.start_quality_job()
    lose_messages(world)
    _stall(world)
    return world.reconcile


@scene(next_round)
def reconciling_work_that_was_sent_again_often_enough(world: World) -> Run:
    validated(world, 0)
    lose_messages(world)
    for _ in range(MAX_REDRIVES):
        _stall(world)
        world.reconcile()
        lose_messages(world)
    _stall(world)
    return world.reconcile


# ── The proof ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", sorted(SCENES))
def test_cut_after_any_side_effect_it_ends_as_if_uncut(name: str) -> None:
    forget_clients()
    scene = SCENES[name]
    with mock_aws():
        world = World(build(), START)
        run = scene.arrange(world)
        before = world.moment()
        made, uncut = _uncut(world, run, scene.recover)

        assert made, "it has side effects"
        for n, call in enumerate(made, 1):
            world.go_back(before)
            assert died(n, run)
            scene.recover(world, run)
            assert snapshot(world) == uncut, f"cut after side effect {n} of {len(made)}, {call}"


def _uncut(world: World, run: Run, recover: Recovery) -> tuple[list[str], dict[str, Any]]:
    with watched() as calls:
        run()
    world.work_off()
    recover(world, run if recover is next_round else _nothing)
    return calls.made, snapshot(world)


def _nothing() -> None:
    return None
