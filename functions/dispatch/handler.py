"""SQS dispatch queue → the next steps of a job that walks its manifest."""

import time
from typing import Any

from shared.messages import DispatchStep
from shared.settings import DispatchSettings
from shared.sqs import consume, has_time
from shared.stores.catalog import CatalogStore
from shared.stores.jobs import JobStore
from shared.stores.manifests import ManifestStore
from shared.stores.presets import PresetStore
from shared.stores.queues import Queue
from shared.stores.tasks import TaskStore
from shared.usecases.dispatch_job import Dispatching, dispatch_job
from shared.usecases.list_images import Listing

settings = DispatchSettings.load()
catalog = CatalogStore(settings.catalog_table)
on = Dispatching(
    jobs=JobStore(settings.jobs_table),
    tasks=TaskStore(settings.jobs_table),
    catalog=catalog,
    manifests=ManifestStore(settings.originals_bucket),
    dispatch_queue=Queue(settings.dispatch_queue_url),
    backfill_queue=Queue(settings.backfill_queue_url),
    rebuild_queue=Queue(settings.rebuild_queue_url),
    listing=Listing(catalog, PresetStore(settings.catalog_table)),
)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    still = has_time(context)
    return consume(
        event, DispatchStep, lambda step: dispatch_job(step, on, still, time.sleep), on.dispatch_queue, context
    )
