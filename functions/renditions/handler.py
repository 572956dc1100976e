"""SQS renditions and rebuild queues → make the presets of one asset, or the one that was asked for."""

from typing import Any

from shared.messages import PresetRequest, RenditionsOrder
from shared.observability import counted
from shared.settings import RenditionsSettings
from shared.sqs import consume, source_name
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore, RenditionStore
from shared.stores.presets import PresetStore
from shared.stores.queues import Queue
from shared.usecases.make_rendition import make_rendition
from shared.usecases.make_renditions import RenditionWork, make_renditions
from shared.wiring import workbench

settings = RenditionsSettings.load()
lanes = {lane.name: lane for lane in map(Queue, (settings.renditions_queue_url, settings.rebuild_queue_url))}
on = RenditionWork(
    bench=workbench(settings.jobs_table),
    catalog=CatalogStore(settings.catalog_table),
    originals=OriginalStore(settings.originals_bucket, settings.max_file_bytes),
    renditions=RenditionStore(settings.renditions_bucket),
    presets=PresetStore(settings.catalog_table),
)


@counted
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return consume(event, RenditionsOrder, _work, lanes[source_name(event)], context)


def _work(order: RenditionsOrder) -> None:
    if isinstance(order.root, PresetRequest):
        make_rendition(order.root, on)
    else:
        make_renditions(order.root, on)
