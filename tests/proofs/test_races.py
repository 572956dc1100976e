"""Others are at it at the same moment: lost races are run again, and of two who want the same exactly one gets it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from moto import mock_aws

from shared.domain.dispatch import Dispatch, QualityOptions
from shared.domain.ids import job_id_at
from shared.domain.job import Job, JobKind, JobStatus, open_walk
from shared.domain.stage import Stage
from shared.domain.task import Outcome, Task, TaskError, TaskStatus
from shared.errors import JobActive, Transient
from shared.messages import DispatchStep
from shared.schemas import QualityJobStarted, Retried
from shared.usecases.cancel_job import cancel_job
from shared.usecases.retry_tasks import retry_failed, retry_task
from tests.cloud import build
from tests.conftest import forget_clients
from tests.crashes import Act, answers_lost, interrupted, is_done, refused, until_done
from tests.proofs.test_cuts import failed, picture, rendered, snapshot, stored, validated
from tests.world import PROJECT, TENANT, World

WRITES = ("PutItem", "UpdateItem", "DeleteItem")
NEVER = 10**6


# ── What DynamoDB says when it is busy ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("times", [1, 3])
def test_conflicts_at_every_write_are_no_attempts(times: int) -> None:
    forget_clients()
    quiet, _ = _one_image()

    with refused("TransactionConflictException", WRITES, times) as conflicts:
        contended, task = _one_image()

    assert len(conflicts.refused) > times
    assert contended == quiet
    assert set(task.attempts.values()) == {1}


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError"])
def test_transactions_cancelled_by_others_are_no_attempts(reason: str) -> None:
    forget_clients()
    quiet, _ = _one_image()
    reasons = [{"Code": "None"}, {"Code": reason}]

    with refused("TransactionCanceledException", ["TransactWriteItems"], CancellationReasons=reasons) as conflicts:
        contended, task = _one_image()

    assert len(conflicts.refused) > 3
    assert contended == quiet
    assert set(task.attempts.values()) == {1}


def test_transactions_sent_twice_because_the_answer_was_lost_count_once() -> None:
    forget_clients()
    quiet, _ = _one_image()

    with answers_lost("TransactWriteItems") as lost:
        doubled, _ = _one_image()

    assert len(lost) > 3
    assert doubled == quiet


@pytest.mark.parametrize("work", ["validate", "score"])
def test_throttle_at_any_call_is_delivered_again(work: str) -> None:
    forget_clients()
    quiet, calls = _throttled_at(NEVER, work)

    assert calls > 3
    for n in range(1, calls + 1):
        assert _throttled_at(n, work)[0] == quiet, f"throttled at call {n}"


def test_throttle_before_the_work_began_is_no_attempt(world: World) -> None:
    job_id, [uploaded] = world.upload(picture())

    with refused("ThrottlingException", nth=1), pytest.raises(Transient):
        world.validate(uploaded)

    assert world.task(job_id).attempts == {}


def _one_image() -> tuple[dict[str, Any], Task]:
    with mock_aws():
        world = World(build())
        job_id, uploads = world.upload(picture())
        world.run(uploads)
        return snapshot(world), world.task(job_id)


def _throttled_at(nth: int, work: str) -> tuple[dict[str, Any], int]:
    """What then is the case, and how many calls there were."""
    with mock_aws():
        world = World(build())
        if work == "validate":
            _, [uploaded] = world.upload(picture())
            act: Act = partial(world.validate, uploaded)
        else:
            validated(world, 0)
            rendered(world)
            act = partial(world.score, *world.sent("QualityQueue"))
        with refused("ThrottlingException", nth=nth) as throttles:
            has_ended = is_done(act)
        assert has_ended == (nth > throttles.calls), "what was throttled comes again"
        until_done(act)
        rendered(world)
        world.work_off()
        return snapshot(world), throttles.calls


# ── Two at once, one interrupting the other before each of its calls ──────────────────────────────────────────────


@dataclass
class Race:
    """`first` is interrupted by `second`; what is transient is tried again. `check` says what must then be the case."""

    first: Act
    second: Act
    check: Callable[[], None]


Scene = Callable[[World], Race]


def scoring_twice(world: World) -> Race:
    job_id = validated(world, 0)
    rendered(world)
    [message] = world.sent("QualityQueue")

    def check() -> None:
        assert world.task(job_id).status is TaskStatus.COMPLETED
        assert _books(world) == {"completed": 1}

    return Race(lambda: world.score(message), lambda: world.score(message), check)


def rendering_twice(world: World) -> Race:
    job_id = validated(world, 0)
    [message] = world.sent("RenditionsQueue")

    def check() -> None:
        [asset] = world.all_assets()
        assert world.task(job_id).status is TaskStatus.COMPLETED
        assert world.usage()["rendition_count"] == len(asset.renditions)
        assert world.usage()["rendition_bytes"] == sum(made.bytes for made in asset.renditions.values())
        assert _books(world) == {"completed": 1}

    return Race(lambda: world.render(message), lambda: world.render(message), check)


def validating_twice(world: World) -> Race:
    job_id, [uploaded] = world.upload(picture())

    def check() -> None:
        assert world.task(job_id).outcome is Outcome.CREATED
        assert world.usage()["asset_count"] == 1
        assert len(world.objects(world.cloud.originals_bucket)) == 1

    return Race(lambda: world.validate(uploaded), lambda: world.validate(uploaded), check)


def validating_the_same_bytes_in_two_tasks(world: World) -> Race:
    job_id, [first, second] = world.upload(picture(), picture())

    def check() -> None:
        outcomes = Counter(task.outcome for task in world.all_tasks(job_id))
        assert outcomes == {Outcome.CREATED: 1, Outcome.EXISTS: 1}
        assert world.usage()["asset_count"] == 1
        assert len(world.objects(world.cloud.originals_bucket)) == 1

    return Race(lambda: world.validate(first), lambda: world.validate(second), check)


def validating_two_uploads_to_one_task(world: World) -> Race:
    job_id, [first] = world.upload(picture(0))
    second = world.put(job_id, "t00000", picture(1))

    def check() -> None:
        [asset] = world.all_assets()
        assert world.task(job_id).version_id == asset.original.version_id
        assert len(world.objects(world.cloud.originals_bucket)) == 1

    return Race(lambda: world.validate(first), lambda: world.validate(second), check)


def validating_while_cancelling(world: World) -> Race:
    job_id, [uploaded] = world.upload(picture())

    def check() -> None:
        assert world.job(job_id).status is JobStatus.CANCELLED
        assert _books(world) in ({"completed": 1}, {"skipped": 1})
        assert len(world.all_assets()) == len(world.objects(world.cloud.originals_bucket))

    return Race(lambda: world.validate(uploaded), lambda: _cancel(world, job_id), check)


def counting_while_cancelling(world: World) -> Race:
    job_id, uploads = world.upload(picture(0), picture(1), b"not an image")
    for uploaded in uploads[1:]:
        world.validate(uploaded)
    facts = world.facts()

    def check() -> None:
        assert world.job(job_id).status is JobStatus.CANCELLED
        assert _books(world) == {"completed": 1, "failed": 1, "skipped": 1}

    return Race(lambda: world.project(facts), lambda: _cancel(world, job_id), check)


def counting_while_retrying(world: World) -> Race:
    job_id = failed(world, 0, 1)
    retry_task(job_id, "t00000", TENANT, world.retrying, world.clock)
    [message] = world.sent("QualityQueue")
    world.score(message)
    facts = world.facts()

    def check() -> None:
        assert world.job(job_id).status is JobStatus.COMPLETED
        assert _books(world) == {"completed": 2}

    def retry() -> object:
        return retry_failed(job_id, TENANT, world.retrying, world.clock)

    return Race(lambda: world.project(facts), retry, check)


def retrying_while_cancelling(world: World) -> Race:
    job_id = failed(world, 0)
    retry_task(job_id, "t00000", TENANT, world.retrying, world.clock)
    [message] = world.sent("QualityQueue")
    world.tasks.fail_stage(
        message.assets[0].task, Stage.QUALITY, TaskError("try_again", ""), Outcome.FAILED, world.clock()
    )

    def check() -> None:
        assert world.job(job_id).is_ended
        assert _books(world) in ({"completed": 1}, {"failed": 1}, {"skipped": 1}), "nothing is in flight for ever"

    def retry() -> object:
        return retry_failed(job_id, TENANT, world.retrying, world.clock)

    return Race(retry, lambda: _cancel(world, job_id), check)


def retrying_twice(world: World) -> Race:
    job_id = failed(world, 0, 1)
    reopened: list[int] = []

    def retry() -> None:
        answer: Retried = retry_failed(job_id, TENANT, world.retrying, world.clock)
        reopened.append(answer.reopened)

    def check() -> None:
        assert sum(reopened) == 2
        assert {task.epoch for task in world.all_tasks(job_id)} == {2}
        assert _books(world) == {"completed": 2}

    return Race(retry, retry, check)


def starting_twice(world: World) -> Race:
    stored(world, 0, 1)
    won: list[QualityJobStarted] = []
    lost: list[str] = []

    def start() -> None:
        try:
            won.append(world.start_quality_job())
        except JobActive as active:
            lost.append(active.job_id)

    def check() -> None:
        assert [job.job_id for job in world.all_jobs()] == [started.job_id for started in won] == lost
        assert _books(world) == {"completed": 2}

    return Race(start, start, check)


def dispatching_twice(world: World) -> Race:
    stored(world, 0, 1)
    job = _open_walk(world)
    step = DispatchStep(job_id=job.job_id, step=0)

    def check() -> None:
        assert len(world.all_tasks(job.job_id)) == 2
        assert _books(world) == {"completed": 2}

    return Race(lambda: world.dispatch(step), lambda: world.dispatch(step), check)


def freezing_while_an_asset_arrives(world: World) -> Race:
    stored(world, 0)
    job = _open_walk(world)
    step = DispatchStep(job_id=job.job_id, step=0)

    def arrive_and_freeze() -> None:
        stored(world, 1)
        world.dispatch(step)

    def check() -> None:
        frozen = world.job(job.job_id)
        assert len(world.all_tasks(job.job_id)) == frozen.total
        assert _books(world) == {"completed": frozen.total}

    return Race(lambda: world.dispatch(step), arrive_and_freeze, check)


TWINS = frozenset({scoring_twice, rendering_twice, validating_twice, retrying_twice, starting_twice, dispatching_twice})
"""Both do the same."""

RACES: tuple[Scene, ...] = (
    scoring_twice,
    rendering_twice,
    validating_twice,
    validating_the_same_bytes_in_two_tasks,
    validating_two_uploads_to_one_task,
    validating_while_cancelling,
    counting_while_cancelling,
    counting_while_retrying,
    retrying_while_cancelling,
    retrying_twice,
    starting_twice,
    dispatching_twice,
    freezing_while_an_asset_arrives,
)


EITHER_WAY = [
    (scene, is_reversed) for scene in RACES for is_reversed in (False, True) if not (is_reversed and scene in TWINS)
]


@pytest.mark.parametrize(
    ("scene", "is_reversed"), EITHER_WAY, ids=lambda value: value.__name__ if callable(value) else f"reversed={value}"
)
def test_rival_between_any_two_calls_changes_nothing(scene: Scene, is_reversed: bool) -> None:
    forget_clients()
    calls = _run(scene, NEVER, is_reversed=is_reversed)

    assert calls > 1, "there is something to come between"
    for n in range(1, calls + 1):
        _run(scene, n, is_reversed=is_reversed)


def _run(scene: Scene, interrupt_at: int, *, is_reversed: bool) -> int:
    """How many calls it took."""
    with mock_aws():
        world = World(build())
        race = scene(world)
        first, second = (race.second, race.first) if is_reversed else (race.first, race.second)
        with interrupted(interrupt_at, lambda: until_done(second)) as made:
            has_ended = is_done(first)
        calls = len(made)
        if interrupt_at > calls:
            until_done(second)
        if not has_ended:
            until_done(first)
        world.work_off()
        race.check()
        return calls


def _open_walk(world: World) -> Job:
    """A job that is frozen one image a step."""
    world.look_at(1)
    now = world.clock()
    job = open_walk(job_id_at(now, bytes(10)), JobKind.QUALITY, TENANT, PROJECT, now)
    assert world.jobs.start(job, Dispatch(job.job_id, QualityOptions(), moved_at=now), None)
    return job


def _cancel(world: World, job_id: str) -> None:
    receipt = cancel_job(job_id, TENANT, world.jobs, world.clock)
    assert receipt.processed + receipt.failed + receipt.skipped + receipt.in_flight == receipt.total


def _books(world: World) -> dict[str, int]:
    """The counters of the one job, once they are proved to be those of its tasks."""
    [(job, tasks)] = world.all_jobs_with_tasks()
    counts = {str(status): n for status, n in job.counts.items() if n}
    recount = Counter(task.status for task in tasks)
    if job.status is JobStatus.CANCELLED:
        recount[TaskStatus.SKIPPED] += recount.pop(TaskStatus.PENDING, 0)
    assert counts == {str(status): n for status, n in recount.items() if n}
    assert sum(counts.values()) == job.total
    return counts
