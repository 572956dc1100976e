from datetime import UTC, datetime

from shared.domain.task import Outcome
from tests.cloud import recorded
from tests.crashes import watched
from tests.functions.conftest import Context, Load
from tests.functions.deliveries import DONE, of_messages
from tests.pictures import photo
from tests.world import World


def started(world: World, images: int, **options: object) -> str:
    """A quality job over so many images, its first step waiting in the queue."""
    world.now = datetime.now(UTC)
    _, uploads = world.upload(*(photo(n, 40, 40) for n in range(images)))
    for uploaded in uploads:
        world.validate(uploaded)
    return world.start_quality_job(**options).job_id


def test_recorded_event_of_an_unknown_job_is_acknowledged_and_writes_nothing(load: Load) -> None:
    function = load("dispatch")

    with watched() as calls:
        answer = function.handler(recorded("dispatch"), Context())

    assert (answer, calls.made) == (DONE, [])


def test_every_image_is_handed_out_in_batches_and_scored(load: Load, world: World) -> None:
    job_id = started(world, 3, batch_size=2)
    function = load("dispatch")

    answer = function.handler(of_messages("dispatch", *world.sent("DispatchQueue")), Context())

    batches = world.sent("BackfillQueue")
    assert answer == DONE
    assert [len(batch.assets) for batch in batches] == [2, 1]
    for batch in batches:
        world.backfill(batch)
    assert [task.outcome for task in world.all_tasks(job_id)] == [Outcome.SCORED] * 3


def test_step_that_was_done_is_not_done_again(load: Load, world: World) -> None:
    started(world, 1)
    event = of_messages("dispatch", *world.sent("DispatchQueue"))
    function = load("dispatch")
    function.handler(event, Context())

    with watched() as calls:
        answer = function.handler(event, Context())

    assert (answer, calls.made) == (DONE, [])


def test_dispatcher_out_of_time_sends_for_itself(load: Load, world: World) -> None:
    job_id = started(world, 2, batch_size=1)
    function = load("dispatch")

    # Asked at the start, by the batch twice, and before each step: after the first there is no more time.
    function.handler(
        of_messages("dispatch", *world.sent("DispatchQueue")), Context(30_000, 30_000, 30_000, 30_000, 100)
    )

    (step,) = world.sent("DispatchQueue")
    assert (step.job_id, step.step) == (job_id, 1)
    assert len(world.sent("BackfillQueue")) == 1
