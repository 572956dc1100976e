"""EventBridge, from three at night on → what awaits purge, and what nobody owns, is taken out of the buckets."""

from typing import Any

from shared.observability import counted
from shared.settings import PurgeMode, PurgeSettings
from shared.sqs import has_time
from shared.usecases.purge_round import purge_round
from shared.wiring import nightly

settings = PurgeSettings.load()
on = nightly(settings)


@counted
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    is_dry_run = settings.purge_mode is not PurgeMode.RUN
    return purge_round(settings.purge_days, on, has_time(context), is_dry_run=is_dry_run).model_dump(mode="json")
