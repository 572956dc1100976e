from datetime import UTC, datetime

from shared.domain.stage import Stage
from shared.domain.task import StageStatus
from tests.cloud import recorded
from tests.functions.conftest import Context, Load
from tests.functions.deliveries import DONE, of_messages
from tests.pictures import photo
from tests.world import World


def test_recorded_event_is_acknowledged(load: Load) -> None:
    assert load("renditions").handler(recorded("renditions"), Context()) == DONE


def test_validated_asset_gets_its_renditions(load: Load, world: World) -> None:
    world.now = datetime.now(UTC)
    job_id, uploads = world.upload(photo())
    world.validate(uploads[0])

    answer = load("renditions").handler(of_messages("renditions", *world.sent("RenditionsQueue")), Context())

    stages = world.task(job_id).stages
    assert answer == DONE
    assert (stages[Stage.THUMBNAILS], stages[Stage.VARIANTS]) == (StageStatus.COMPLETED, StageStatus.COMPLETED)
    assert len(world.objects(world.cloud.renditions_bucket)) == 9
