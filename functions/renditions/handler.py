"""SQS renditions queue → make every preset of one asset."""

from typing import Any

from shared.messages import AssetRequest
from shared.observability import counted
from shared.settings import RenditionsSettings
from shared.sqs import consume
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore, RenditionStore
from shared.stores.queues import Queue
from shared.usecases.make_renditions import RenditionWork, make_renditions
from shared.wiring import workbench

settings = RenditionsSettings.load()
queue = Queue(settings.renditions_queue_url)
on = RenditionWork(
    bench=workbench(settings.jobs_table),
    catalog=CatalogStore(settings.catalog_table),
    originals=OriginalStore(settings.originals_bucket, settings.max_file_bytes),
    renditions=RenditionStore(settings.renditions_bucket),
)


@counted
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return consume(event, AssetRequest, lambda request: make_renditions(request, on), queue, context)
