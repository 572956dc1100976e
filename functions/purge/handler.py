"""EventBridge, nightly → what awaits purge is taken out of the buckets."""

from typing import Any

from shared.observability import counted
from shared.settings import PurgeMode, PurgeSettings
from shared.sqs import has_time
from shared.usecases.purge import purge
from shared.wiring import purging

settings = PurgeSettings.load()
on = purging(settings)


@counted
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    is_dry_run = settings.purge_mode is not PurgeMode.RUN
    return purge(settings.purge_days, on, has_time(context), is_dry_run=is_dry_run).model_dump(mode="json")
