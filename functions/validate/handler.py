"""SQS validation queue (S3 events) → take an uploaded original in, or refuse it."""

from typing import Any

from shared.messages import UploadEvent
from shared.observability import counted
from shared.settings import ValidateSettings
from shared.sqs import consume
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore
from shared.stores.queues import Queue
from shared.usecases.validate_upload import Validation, validate_upload
from shared.wiring import workbench

settings = ValidateSettings.load()
queue = Queue(settings.validation_queue_url)
on = Validation(
    bench=workbench(settings.jobs_table),
    catalog=CatalogStore(settings.catalog_table),
    originals=OriginalStore(settings.originals_bucket, settings.max_file_bytes),
    renditions_queue=Queue(settings.renditions_queue_url),
    quality_queue=Queue(settings.quality_queue_url),
    limits=settings.limits,
)


@counted
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return consume(event, UploadEvent, _validate, queue, context)


def _validate(message: UploadEvent) -> None:
    for uploaded in message.objects:
        validate_upload(uploaded, on)
