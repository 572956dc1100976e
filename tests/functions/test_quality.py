from datetime import UTC, datetime

from shared.domain.stage import Stage
from shared.domain.task import StageStatus
from tests.cloud import recorded
from tests.functions.conftest import Context, Load
from tests.functions.deliveries import DONE, of_messages
from tests.pictures import photo
from tests.world import TENANT, World


def test_recorded_event_is_acknowledged(load: Load) -> None:
    assert load("quality").handler(recorded("quality"), Context()) == DONE


def test_validated_asset_gets_its_score(load: Load, world: World) -> None:
    world.now = datetime.now(UTC)
    job_id, uploads = world.upload(photo())
    world.validate(uploads[0])

    answer = load("quality").handler(of_messages("quality", *world.sent("QualityQueue")), Context())

    task = world.task(job_id)
    assert answer == DONE
    assert task.stages[Stage.QUALITY] is StageStatus.COMPLETED
    assert world.catalog.read(task.asset_id or "", TENANT).quality
