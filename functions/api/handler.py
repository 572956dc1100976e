"""API Gateway → the light REST routes."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from shared.domain.access import Scope
from shared.domain.dispatch import MAX_BATCH_SIZE, MAX_DELAY_MS, QualityOptions
from shared.domain.job import JobKind
from shared.domain.listing import AssetQuery, Sort
from shared.observability import logger
from shared.rest import caller, has_time, resolver
from shared.schemas import (
    AssetList,
    AssetView,
    Cancelled,
    CreateScratch,
    CreateUpload,
    DuplicateList,
    Forecast,
    GrantsRenewed,
    Health,
    IdleView,
    JobList,
    JobView,
    Me,
    PoisonList,
    ProjectList,
    ProjectName,
    QualityJobStarted,
    RenewGrants,
    Retried,
    ScratchGranted,
    StatisticsView,
    Ticket,
    UploadCreated,
)
from shared.settings import ApiSettings
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore, RenditionStore
from shared.stores.listings import ListingStore
from shared.stores.manifests import ManifestStore
from shared.stores.poison import PoisonStore
from shared.stores.presets import PresetStore
from shared.stores.queues import Queue
from shared.stores.sockets import SocketStore
from shared.stores.subscriptions import SubscriptionStore
from shared.stores.tasks import MAX_EVENT
from shared.stores.tenants import TenantStore
from shared.stores.usage import UsageStore
from shared.usecases import (
    cancel_job,
    check_ready,
    create_upload,
    delete_asset,
    find_rendition,
    grant_scratch,
    list_assets,
    list_duplicates,
    list_images,
    list_jobs,
    open_ticket,
    read_asset,
    read_job,
    read_statistics,
    redrive_poison,
    renew_grants,
    retry_asset,
    retry_tasks,
    start_job,
    who_am_i,
)
from shared.wiring import retrying as retrying_with

settings = ApiSettings.load()
retrying = retrying_with(settings.jobs_table, settings.catalog_table, settings)
jobs, tasks, poison = retrying.jobs, retrying.tasks, PoisonStore(settings.jobs_table)
catalog, tenants = CatalogStore(settings.catalog_table), TenantStore(settings.catalog_table)
originals, renditions = OriginalStore(settings.originals_bucket), RenditionStore(settings.renditions_bucket)
sessions = create_upload.Sessions(
    jobs, catalog, tenants, UsageStore(settings.catalog_table), originals, settings.max_file_bytes
)
subscriptions, sockets = SubscriptionStore(settings.jobs_table), SocketStore(settings.websocket_api)
reading = read_job.Reading(jobs, tasks, renditions, settings.url_lifetime)
presets = PresetStore(settings.catalog_table)
finding = find_rendition.Finding(
    catalog, presets, renditions, Queue(settings.renditions_queue_url), settings.url_lifetime
)
listing = list_assets.Listing(ListingStore(settings.catalog_table), catalog, renditions, settings.url_lifetime)
starting = start_job.Starting(
    jobs,
    catalog,
    originals,
    ManifestStore(settings.originals_bucket),
    Queue(settings.dispatch_queue_url),
    retrying,
    list_images.Listing(catalog, presets),
)

Id = Annotated[str, Path(max_length=200)]
Project = Annotated[ProjectName, Path()]
Cursor = Annotated[str | None, Query(max_length=500)]
Label = Annotated[str | None, Query(max_length=100)]
Bound = Annotated[float | None, Query(ge=0, le=1)]

app = resolver()


@app.get("/healthz")
def healthz() -> Health:
    return Health()


@app.get("/readyz")
def readyz() -> Health:
    check_ready.check_ready((settings.jobs_table, settings.catalog_table))
    return Health()


@app.post("/v1/uploads", status_code=HTTPStatus.CREATED)
def post_uploads(body: CreateUpload) -> UploadCreated:
    who = caller(app, Scope.WRITE)
    return create_upload.create_upload(body, who.tenant, sessions)


@app.post("/v1/uploads/<job_id>/grants")
def post_grants(job_id: Id, body: RenewGrants) -> GrantsRenewed:
    who = caller(app, Scope.WRITE)
    return renew_grants.renew_grants(job_id, body, who.tenant, retrying, originals)


@app.get("/v1/uploads/<job_id>")
@app.get("/v1/jobs/<job_id>")
def get_job(
    job_id: Id,
    tasks: Annotated[Literal["all", "failed"] | None, Query()] = None,
    changed_since: Annotated[int | None, Query(ge=0, lt=MAX_EVENT)] = None,
    cursor: Cursor = None,
) -> Response[JobView | str]:
    who = caller(app, Scope.READ)
    query = read_job.TaskQuery(tasks, changed_since, cursor)
    found = read_job.read_job(job_id, who.tenant, query, app.current_event.headers.get("If-None-Match"), reading)
    tag = {"ETag": found.etag}
    if found.view is None:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, content_type="text/plain", body="", headers=tag)
    return Response(status_code=HTTPStatus.OK, content_type="application/json", body=found.view, headers=tag)


@app.get("/v1/assets/<asset_id>")
def get_asset(asset_id: Id) -> AssetView:
    who = caller(app, Scope.READ)
    return read_asset.read_asset(asset_id, who.tenant, catalog, presets, renditions, settings.url_lifetime)


@app.delete("/v1/assets/<asset_id>")
def remove_asset(asset_id: Id) -> Response[str]:
    who = caller(app, Scope.WRITE)
    delete_asset.delete_asset(asset_id, who.tenant, catalog)
    return Response(status_code=HTTPStatus.NO_CONTENT, content_type="text/plain", body="")


@app.get("/v1/assets/<asset_id>/renditions/<preset>")
def get_rendition(asset_id: Id, preset: Id) -> Response[str]:
    who = caller(app, Scope.READ)
    url = find_rendition.find_rendition(asset_id, preset, who.tenant, finding)
    return Response(status_code=HTTPStatus.FOUND, content_type="text/plain", body="", headers={"Location": url})


@app.post("/v1/compare/grants", status_code=HTTPStatus.CREATED)
def post_compare_grants(body: CreateScratch) -> ScratchGranted:
    who = caller(app, Scope.WRITE)
    return grant_scratch.grant_scratch(body, who.tenant, originals, settings.max_file_bytes)


@app.get("/v1/projects/<project>/assets")
def get_assets(  # noqa: PLR0913  # one for each option
    project: Project,
    *,
    sort: Annotated[Sort, Query()] = Sort.CREATED,
    order: Annotated[Literal["asc", "desc"], Query()] = "desc",
    issue: Label = None,
    category: Label = None,
    min_quality: Bound = None,
    max_quality: Bound = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Cursor = None,
) -> AssetList:
    who = caller(app, Scope.READ)
    query = AssetQuery(sort, order == "desc", issue, category, min_quality, max_quality)
    return list_assets.list_assets(who.tenant, project, query, cursor, limit, listing)


@app.get("/v1/me")
def get_me() -> Me:
    who = caller(app, Scope.READ)
    return who_am_i.who_am_i(who.tenant, who.key_id, who.scopes, tenants)


@app.get("/v1/projects")
def get_projects(cursor: Cursor = None) -> ProjectList:
    who = caller(app, Scope.READ)
    return who_am_i.list_projects(who.tenant, cursor, tenants)


@app.get("/v1/projects/<project>/duplicates")
def get_duplicates(project: Project, cursor: Cursor = None) -> DuplicateList:
    who = caller(app, Scope.READ)
    return list_duplicates.list_duplicates(who.tenant, project, cursor, listing)


@app.get("/v1/projects/<project>/statistics")
def get_statistics(project: Project) -> StatisticsView:
    who = caller(app, Scope.READ)
    return read_statistics.read_statistics(who.tenant, project, catalog)


@app.get("/v1/projects/<project>/jobs")
def get_jobs(project: Project, cursor: Cursor = None) -> JobList:
    who = caller(app, Scope.READ)
    return list_jobs.list_jobs(who.tenant, project, cursor, jobs)


@app.post("/v1/projects/<project>/analytics/start-quality-job", status_code=HTTPStatus.CREATED)
def post_quality_job(
    project: Project,
    batch_size: Annotated[int, Query(ge=1, le=MAX_BATCH_SIZE)] = MAX_BATCH_SIZE,
    delay_ms: Annotated[int, Query(ge=0, le=MAX_DELAY_MS)] = 0,
    dry_run: Annotated[bool, Query()] = False,
    only_missing: Annotated[bool, Query()] = True,
    resume: Annotated[bool, Query()] = False,
) -> Response[QualityJobStarted | Forecast]:
    who = caller(app, Scope.READ if dry_run else Scope.WRITE)
    options = QualityOptions(batch_size, delay_ms, only_missing)
    if dry_run:
        forecast = start_job.forecast_quality_job(who.tenant, project, options, starting)
        return Response(status_code=HTTPStatus.OK, content_type="application/json", body=forecast)
    started = start_job.start_job(
        JobKind.QUALITY, who.tenant, project, options, starting, is_resumed=resume, has_time=has_time(app)
    )
    status = HTTPStatus.ACCEPTED if started.total_images is None else HTTPStatus.CREATED
    return Response(status_code=status, content_type="application/json", body=started)


@app.post("/v1/projects/<project>/renditions/rebuild", status_code=HTTPStatus.CREATED)
def post_rebuild(
    project: Project,
    batch_size: Annotated[int, Query(ge=1, le=MAX_BATCH_SIZE)] = MAX_BATCH_SIZE,
    delay_ms: Annotated[int, Query(ge=0, le=MAX_DELAY_MS)] = 0,
    only_missing: Annotated[bool, Query()] = True,
    resume: Annotated[bool, Query()] = False,
) -> Response[QualityJobStarted]:
    who = caller(app, Scope.WRITE)
    options = QualityOptions(batch_size, delay_ms, only_missing)
    started = start_job.start_job(
        JobKind.RENDITIONS, who.tenant, project, options, starting, is_resumed=resume, has_time=has_time(app)
    )
    status = HTTPStatus.ACCEPTED if started.total_images is None else HTTPStatus.CREATED
    return Response(status_code=status, content_type="application/json", body=started)


@app.get("/v1/projects/<project>/analytics/quality-progress")
def get_quality_progress(project: Project) -> JobView | IdleView:
    who = caller(app, Scope.READ)
    return list_jobs.read_quality_progress(who.tenant, project, jobs)


@app.post("/v1/projects/<project>/analytics/cancel-quality-job")
def post_cancel_quality_job(project: Project) -> Cancelled:
    who = caller(app, Scope.WRITE)
    return cancel_job.cancel_quality_job(who.tenant, project, jobs)


@app.post("/v1/jobs/<job_id>/cancel")
def post_cancel(job_id: Id) -> Cancelled:
    who = caller(app, Scope.WRITE)
    return cancel_job.cancel_job(job_id, who.tenant, jobs)


@app.post("/v1/jobs/<job_id>/retry-failed")
def post_retry_failed(job_id: Id) -> Retried:
    who = caller(app, Scope.WRITE)
    return retry_tasks.retry_failed(job_id, who.tenant, retrying, has_time=has_time(app))


@app.post("/v1/jobs/<job_id>/tasks/<task_id>/retry")
def post_retry_task(job_id: Id, task_id: Id) -> Retried:
    who = caller(app, Scope.WRITE)
    return retry_tasks.retry_task(job_id, task_id, who.tenant, retrying)


@app.post("/v1/assets/<asset_id>/retry")
def post_retry_asset(asset_id: Id) -> Retried:
    who = caller(app, Scope.WRITE)
    return retry_asset.retry_asset(asset_id, who.tenant, retrying)


@app.get("/v1/poison")
def get_poison(cursor: Cursor = None) -> PoisonList:
    who = caller(app, Scope.READ)
    return redrive_poison.list_poison(who.tenant, cursor, poison)


@app.post("/v1/poison/<poison_id>/redrive")
def post_redrive(poison_id: Id) -> Retried:
    who = caller(app, Scope.WRITE)
    return redrive_poison.redrive_poison(poison_id, who.tenant, poison, retrying)


@app.post("/v1/realtime/tickets", status_code=HTTPStatus.CREATED)
def post_tickets() -> Ticket:
    who = caller(app, Scope.READ)
    return open_ticket.open_ticket(who.tenant, who.key_id, subscriptions, sockets)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
