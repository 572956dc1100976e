from datetime import UTC, datetime

from shared.domain.job import JobStatus
from shared.domain.task import TaskStatus
from tests.cloud import recorded
from tests.functions.conftest import Context, Load
from tests.pictures import photo
from tests.world import World


def test_recorded_event_of_an_unknown_job_counts_nothing(load: Load, world: World) -> None:
    load("progress").handler(recorded("progress"), Context())

    assert world.facts() == []


def test_facts_of_workers_complete_the_job(load: Load, world: World) -> None:
    world.now = datetime.now(UTC)
    job_id, uploads = world.upload(b"a shopping list")
    world.validate(uploads[0])

    load("progress").handler({"Records": world.facts()}, Context())

    job = world.job(job_id)
    assert (job.status, job.counts[TaskStatus.FAILED]) == (JobStatus.COMPLETED, 1)


def test_batch_delivered_twice_counts_once(load: Load, world: World) -> None:
    world.now = datetime.now(UTC)
    job_id, uploads = world.upload(photo())
    world.validate(uploads[0])
    batch = {"Records": world.facts()}
    load("progress").handler(batch, Context())
    before = world.job(job_id)

    load("progress").handler(batch, Context())

    assert world.job(job_id) == before
