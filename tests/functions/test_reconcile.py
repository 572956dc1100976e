from datetime import UTC, datetime, timedelta

from shared.domain.job import JobStatus
from shared.domain.task import Outcome
from tests.cloud import recorded
from tests.crashes import watched
from tests.functions.conftest import Context, Load
from tests.pictures import photo
from tests.world import World


def an_hour_ago(world: World) -> None:
    world.now = datetime.now(UTC) - timedelta(hours=1)


def test_recorded_event_with_nothing_standing_still_writes_nothing(load: Load) -> None:
    function = load("reconcile")

    with watched() as calls:
        answer = function.handler(recorded("reconcile"), Context())

    assert (answer, calls.made) == ({"jobs": 0}, [])


def test_upload_that_never_came_ends_as_expired(load: Load, world: World) -> None:
    an_hour_ago(world)
    job_id = world.open_session([b"x"]).job_id

    answer = load("reconcile").handler(recorded("reconcile"), Context())

    task = world.all_tasks(job_id)[0]
    assert answer == {"jobs": 1}
    assert (task.outcome, task.error and task.error.code) == (Outcome.EXPIRED, "upload_expired")


def test_upload_whose_event_was_lost_is_sent_again(load: Load, world: World) -> None:
    an_hour_ago(world)
    _, uploads = world.upload(photo(1, 40, 40))

    load("reconcile").handler(recorded("reconcile"), Context())

    (again,) = world.sent("ValidationQueue")
    assert [found.version_id for found in again.objects] == [uploads[0].version_id]


def test_what_was_not_counted_is_counted(load: Load, world: World) -> None:
    an_hour_ago(world)
    job_id, uploads = world.upload(b"a shopping list")
    world.validate(uploads[0])

    load("reconcile").handler(recorded("reconcile"), Context())

    assert world.jobs.read(job_id, datetime.now(UTC)).status is JobStatus.COMPLETED


def test_job_that_moved_lately_is_left_alone(load: Load, world: World) -> None:
    world.now = datetime.now(UTC)
    world.upload(photo(1, 40, 40))

    with watched() as calls:
        answer = load("reconcile").handler(recorded("reconcile"), Context())

    assert (answer, calls.made) == ({"jobs": 0}, [])
