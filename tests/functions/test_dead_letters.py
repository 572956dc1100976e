import json
from datetime import UTC, datetime

import pytest

from shared.domain.stage import Stage
from shared.domain.task import MAX_ATTEMPTS, Outcome
from shared.messages import DispatchStep
from tests.cloud import recorded
from tests.crashes import watched
from tests.functions.conftest import Context, Load
from tests.functions.deliveries import DONE, of_messages, of_uploads
from tests.pictures import photo
from tests.world import TENANT, World

QUEUES = ["Validation", "Renditions", "Quality", "Backfill", "Dispatch"]


def given_up(queue: str, event: dict[str, list[dict[str, object]]]) -> dict[str, list[dict[str, object]]]:
    """The event as the dead-letter queue of that name delivers it."""
    arn = f"arn:aws:sqs:eu-central-1:123456789012:{queue}DeadLetters"
    return {"Records": [record | {"eventSourceARN": arn} for record in event["Records"]]}


@pytest.fixture
def today(world: World) -> World:
    world.now = datetime.now(UTC)
    return world


def test_recorded_event_of_an_unknown_job_is_acknowledged_and_writes_nothing(load: Load) -> None:
    function = load("dead_letters")

    with watched() as calls:
        answer = function.handler(recorded("dead_letters"), Context())

    assert (answer, calls.made) == (DONE, [])


@pytest.mark.parametrize("queue", QUEUES)
def test_junk_of_any_queue_is_acknowledged(load: Load, queue: str) -> None:
    event = recorded("dead_letters")
    event["Records"][0]["body"] = json.dumps("junk")

    assert load("dead_letters").handler(given_up(queue, event), Context()) == DONE


def test_upload_that_was_given_up_is_sent_again(load: Load, today: World) -> None:
    job_id, uploads = today.upload(photo(1, 40, 40))

    answer = load("dead_letters").handler(given_up("Validation", of_uploads(*uploads)), Context())

    (again,) = today.sent("ValidationQueue")
    assert answer == DONE
    assert [(found.key, found.version_id) for found in again.objects] == [(uploads[0].key, uploads[0].version_id)]
    assert today.task(job_id).redrives == 1


@pytest.mark.parametrize("queue", ["Renditions", "Quality"])
def test_work_with_attempts_left_is_sent_again(load: Load, today: World, queue: str) -> None:
    job_id, uploads = today.upload(photo(1, 40, 40))
    today.validate(uploads[0])
    (request,) = today.sent(f"{queue}Queue")

    answer = load("dead_letters").handler(given_up(queue, of_messages("dead_letters", request)), Context())

    assert answer == DONE
    assert today.sent(f"{queue}Queue") == [request]
    assert today.task(job_id).redrives == 1


def test_batch_of_a_job_is_sent_again_image_by_image_to_its_own_queue(load: Load, today: World) -> None:
    _, uploads = today.upload(photo(1, 40, 40), photo(2, 40, 40))
    for uploaded in uploads:
        today.validate(uploaded)
    today.start_quality_job()
    (step,) = today.sent("DispatchQueue")
    today.dispatch(step)
    (batch,) = today.sent("BackfillQueue")

    load("dead_letters").handler(given_up("Backfill", of_messages("dead_letters", batch)), Context())

    assert sorted(found.assets[0].task_id for found in today.sent("BackfillQueue")) == ["t00000", "t00001"]


def test_work_whose_attempts_are_used_up_fails_and_is_kept(load: Load, today: World) -> None:
    job_id, uploads = today.upload(photo(1, 40, 40))
    today.validate(uploads[0])
    (request,) = today.sent("QualityQueue")
    for _ in range(MAX_ATTEMPTS):
        today.tasks.begin_stage(request.assets[0].task, Stage.QUALITY, today.clock())

    answer = load("dead_letters").handler(given_up("Quality", of_messages("dead_letters", request)), Context())

    task = today.task(job_id)
    (record,) = today.poison.page(TENANT, None).records
    assert answer == DONE
    assert (task.outcome, task.error and task.error.code) == (Outcome.FAILED, "worker_died")
    assert (record.task_id, record.stage, record.message) == ("t00000", "quality", request.model_dump_json())


def test_step_of_a_dispatcher_is_left_to_reconcile(load: Load, today: World) -> None:
    step = DispatchStep(job_id="job_01jdc3yb5n8x2c4v6b8n0m1k3j", step=0)
    function = load("dead_letters")

    with watched() as calls:
        answer = function.handler(given_up("Dispatch", of_messages("dead_letters", step)), Context())

    assert (answer, calls.made) == (DONE, [])
