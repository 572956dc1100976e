from datetime import UTC, datetime

import pytest

from shared.domain.task import Outcome
from tests.cloud import recorded
from tests.functions.conftest import Context, Load
from tests.functions.deliveries import DONE, of_uploads
from tests.pictures import photo
from tests.world import World


@pytest.mark.parametrize("event", ["validate", "validate-test-event"])
def test_recorded_event_is_acknowledged(load: Load, event: str) -> None:
    assert load("validate").handler(recorded(event), Context()) == DONE


def test_uploads_are_taken_in_or_refused_and_both_acknowledged(load: Load, world: World) -> None:
    world.now = datetime.now(UTC)
    job_id, uploads = world.upload(photo(), b"a shopping list")

    answer = load("validate").handler(of_uploads(*uploads), Context())

    assert answer == DONE
    assert [task.outcome for task in world.all_tasks(job_id)] == [None, Outcome.REFUSED]
    assert [len(world.sent(queue)) for queue in ("RenditionsQueue", "QualityQueue")] == [1, 1]


def test_uploads_that_no_time_is_left_for_come_again(load: Load, world: World) -> None:
    world.now = datetime.now(UTC)
    job_id, uploads = world.upload(photo(1), photo(2))

    answer = load("validate").handler(of_uploads(*uploads), Context(30_000, 30_000, 100))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert [task.attempts for task in world.all_tasks(job_id)][1] == {}
