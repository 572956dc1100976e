"""Catalog-table stream (assets that were deleted) → those that they were nearest to look anew."""

from typing import Any

from shared.settings import ForgetSettings
from shared.sqs import has_time
from shared.stores.catalog import CatalogStore
from shared.stores.hashes import HashStore
from shared.stores.streams import buried_assets
from shared.usecases.find_nearest import Likeness
from shared.usecases.forget_asset import forget_asset

settings = ForgetSettings.load()
on = Likeness(CatalogStore(settings.catalog_table), HashStore(settings.catalog_table, settings.renditions_bucket))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Raises what could not be done; the stream then hands the batch over again, halved.

    From the record on that there was no time for, it hands the batch over again as well.
    """
    still = has_time(context)
    for sequence_number, grave in buried_assets(event):
        if not forget_asset(grave, on, still):
            return {"batchItemFailures": [{"itemIdentifier": sequence_number}]}
    return {"batchItemFailures": []}
