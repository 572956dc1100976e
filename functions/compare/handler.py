"""API Gateway → compare an image with an asset."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path

from shared.body import read_image_body
from shared.domain.access import Scope
from shared.observability import logger
from shared.rest import caller, resolver
from shared.schemas import Compared
from shared.settings import CompareSettings
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore, RenditionStore
from shared.stores.presets import PresetStore
from shared.usecases.compare_image import Comparing, compare_image

settings = CompareSettings.load()
comparing = Comparing(
    CatalogStore(settings.catalog_table),
    OriginalStore(settings.originals_bucket, settings.max_file_bytes),
    RenditionStore(settings.renditions_bucket),
    PresetStore(settings.catalog_table),
    settings.limits,
)

app = resolver()


@app.post("/v1/assets/<asset_id>/compare")
def post_compare(asset_id: Annotated[str, Path(max_length=200)]) -> Compared:
    who = caller(app, Scope.READ)
    return compare_image(asset_id, read_image_body(app.current_event), who.tenant, comparing)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
