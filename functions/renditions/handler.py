"""SQS renditions queue → make every preset of one asset."""

from typing import Any

from shared.messages import AssetRequest
from shared.settings import RenditionsSettings
from shared.sqs import consume
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore, RenditionStore
from shared.stores.jobs import JobStore
from shared.stores.queues import Queue
from shared.stores.tasks import TaskStore
from shared.usecases.make_renditions import RenditionWork, make_renditions

settings = RenditionsSettings.load()
queue = Queue(settings.renditions_queue_url)
on = RenditionWork(
    jobs=JobStore(settings.jobs_table),
    tasks=TaskStore(settings.jobs_table),
    catalog=CatalogStore(settings.catalog_table),
    originals=OriginalStore(settings.originals_bucket, settings.max_file_bytes),
    renditions=RenditionStore(settings.renditions_bucket),
)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return consume(event, AssetRequest, lambda request: make_renditions(request, on), queue, context)
