"""SQS quality queue → score one asset."""

from typing import Any

from shared.messages import AssetRequest
from shared.settings import QualitySettings
from shared.sqs import consume
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore
from shared.stores.jobs import JobStore
from shared.stores.queues import Queue
from shared.stores.tasks import TaskStore
from shared.usecases.score_asset import ScoreWork, score_asset

settings = QualitySettings.load()
queue = Queue(settings.quality_queue_url)
on = ScoreWork(
    jobs=JobStore(settings.jobs_table),
    tasks=TaskStore(settings.jobs_table),
    catalog=CatalogStore(settings.catalog_table),
    originals=OriginalStore(settings.originals_bucket, settings.max_file_bytes),
)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return consume(event, AssetRequest, lambda request: score_asset(request, on), queue, context)
