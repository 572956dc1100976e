"""SQS quality and backfill queues → score assets, one of an upload or a batch of a job."""

from dataclasses import replace
from typing import Any

from shared.messages import ScoreRequest
from shared.observability import counted
from shared.settings import QualitySettings
from shared.sqs import consume, has_time, source_name
from shared.stores.catalog import CatalogStore
from shared.stores.hashes import HashStore
from shared.stores.images import OriginalStore
from shared.stores.queues import Queue
from shared.usecases.score_assets import ScoreWork, score_assets
from shared.wiring import workbench

settings = QualitySettings.load()
uploads = ScoreWork(
    bench=workbench(settings.jobs_table),
    catalog=CatalogStore(settings.catalog_table),
    originals=OriginalStore(settings.originals_bucket, settings.max_file_bytes),
    hashes=HashStore(settings.catalog_table, settings.renditions_bucket),
    queue=Queue(settings.quality_queue_url),
)
backfills = replace(uploads, queue=Queue(settings.backfill_queue_url))
lanes = {lane.queue.name: lane for lane in (uploads, backfills)}


@counted
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    on = lanes[source_name(event)]
    still = has_time(context)
    return consume(event, ScoreRequest, lambda request: score_assets(request, on, still), on.queue, context)
