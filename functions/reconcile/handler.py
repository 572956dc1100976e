"""EventBridge, every five minutes → jobs that stand still are brought to an end."""

from typing import Any

from shared.observability import counted
from shared.settings import ReconcileSettings
from shared.sqs import has_time
from shared.stores.images import OriginalStore
from shared.stores.queues import Queue
from shared.usecases.reconcile_jobs import Reconciling, reconcile_jobs
from shared.wiring import retrying, workbench

settings = ReconcileSettings.load()
on = Reconciling(
    bench=workbench(settings.jobs_table),
    retrying=retrying(settings.jobs_table, settings.catalog_table, settings),
    originals=OriginalStore(settings.originals_bucket),
    dispatch_queue=Queue(settings.dispatch_queue_url),
    stall_s=settings.stall_seconds,
)


@counted
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    return {"jobs": reconcile_jobs(on, has_time(context))}
