"""API Gateway → the light REST routes."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from shared.domain.access import Scope
from shared.observability import logger
from shared.rest import caller, resolver
from shared.schemas import (
    AssetView,
    CreateUpload,
    GrantsRenewed,
    Health,
    JobView,
    RenewGrants,
    UploadCreated,
)
from shared.settings import ApiSettings
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore, RenditionStore
from shared.stores.jobs import JobStore
from shared.stores.tasks import TaskStore
from shared.stores.tenants import TenantStore
from shared.usecases import create_upload, read_asset, read_job, renew_grants

settings = ApiSettings.load()
jobs, tasks = JobStore(settings.jobs_table), TaskStore(settings.jobs_table)
catalog, tenants = CatalogStore(settings.catalog_table), TenantStore(settings.catalog_table)
originals, renditions = OriginalStore(settings.originals_bucket), RenditionStore(settings.renditions_bucket)
sessions = create_upload.Sessions(jobs, catalog, tenants, originals, settings.max_file_bytes)
reading = read_job.Reading(jobs, tasks, renditions, settings.url_lifetime)

app = resolver()


@app.get("/healthz")
def healthz() -> Health:
    return Health()


@app.post("/v1/uploads", status_code=HTTPStatus.CREATED)
def post_uploads(body: CreateUpload) -> UploadCreated:
    who = caller(app, Scope.WRITE)
    return create_upload.create_upload(body, who.tenant, sessions)


@app.post("/v1/uploads/<job_id>/grants")
def post_grants(job_id: Annotated[str, Path()], body: RenewGrants) -> GrantsRenewed:
    who = caller(app, Scope.WRITE)
    return renew_grants.renew_grants(job_id, body, who.tenant, jobs, originals)


@app.get("/v1/uploads/<job_id>")
@app.get("/v1/jobs/<job_id>")
def get_job(
    job_id: Annotated[str, Path()],
    tasks: Annotated[Literal["all", "failed"] | None, Query()] = None,
    changed_since: Annotated[int | None, Query(ge=0)] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response[JobView | str]:
    who = caller(app, Scope.READ)
    query = read_job.TaskQuery(tasks, changed_since, cursor)
    found = read_job.read_job(job_id, who.tenant, query, app.current_event.headers.get("If-None-Match"), reading)
    tag = {"ETag": found.etag}
    if found.view is None:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, content_type="text/plain", body="", headers=tag)
    return Response(status_code=HTTPStatus.OK, content_type="application/json", body=found.view, headers=tag)


@app.get("/v1/assets/<asset_id>")
def get_asset(asset_id: Annotated[str, Path()]) -> AssetView:
    who = caller(app, Scope.READ)
    return read_asset.read_asset(asset_id, who.tenant, catalog, renditions, settings.url_lifetime)


@app.get("/v1/assets/<asset_id>/renditions/<preset>")
def get_rendition(asset_id: Annotated[str, Path()], preset: Annotated[str, Path()]) -> Response[str]:
    who = caller(app, Scope.READ)
    url = read_asset.find_rendition(asset_id, preset, who.tenant, catalog, renditions, settings.url_lifetime)
    return Response(status_code=HTTPStatus.FOUND, content_type="text/plain", body="", headers={"Location": url})


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
