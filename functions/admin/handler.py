"""API Gateway → the REST routes that keep the installation: what they write, no tenant-facing function may."""

from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from shared.domain.access import Scope
from shared.observability import logger
from shared.rest import caller, has_time, resolver
from shared.schemas import (
    CleanedUp,
    CreateKey,
    CreateTenant,
    KeyList,
    KeyView,
    Metrics,
    MetricsList,
    NewKey,
    PresetList,
    Purged,
    QuotaSet,
    RotateKey,
    SetPresets,
    TenantList,
    TenantView,
    TenantWithUsage,
)
from shared.settings import AdminSettings
from shared.stores.jobs import JobStore
from shared.stores.presets import PresetStore
from shared.stores.tenants import TenantStore
from shared.stores.usage import UsageStore
from shared.usecases import clean_up_sessions, manage_keys, manage_tenants, purge, read_metrics, set_presets
from shared.wiring import purging

settings = AdminSettings.load()
jobs, tenants = JobStore(settings.jobs_table), TenantStore(settings.catalog_table)
graves = purging(settings)
usage, presets = UsageStore(settings.catalog_table), PresetStore(settings.catalog_table)

Name = Annotated[str, Path(max_length=300)]
Cursor = Annotated[str | None, Query(max_length=500)]

PURGE_DAYS, MAX_DAYS = 30, 3650

app = resolver()


@app.get("/v1/metrics")
def get_all_metrics(cursor: Cursor = None) -> MetricsList:
    caller(app, Scope.ADMIN)
    return read_metrics.list_metrics(cursor, tenants, usage)


@app.get("/v1/metrics/tenants/<name>")
def get_metrics(name: Name) -> Metrics:
    who = caller(app, Scope.READ)
    own = None if Scope.ADMIN in who.scopes else who.tenant
    # API Gateway leaves what is escaped in a path; the emulator does not.
    return read_metrics.read_metrics(unquote(name), own, tenants, usage)


@app.post("/v1/tenants")
def post_tenants(body: CreateTenant) -> TenantView:
    caller(app, Scope.ADMIN)
    return manage_tenants.create_tenant(body, tenants)


@app.get("/v1/tenants")
def get_tenants(cursor: Cursor = None) -> TenantList:
    caller(app, Scope.ADMIN)
    return manage_tenants.list_tenants(cursor, tenants)


@app.get("/v1/tenants/<tenant_id>")
def get_tenant(tenant_id: Name) -> TenantWithUsage:
    caller(app, Scope.ADMIN)
    return manage_tenants.read_tenant(tenant_id, tenants, usage)


@app.put("/v1/tenants/<tenant_id>/quotas")
def put_quotas(tenant_id: Name, body: QuotaSet) -> TenantView:
    caller(app, Scope.ADMIN)
    return manage_tenants.set_quotas(tenant_id, body, tenants)


@app.post("/v1/keys", status_code=HTTPStatus.CREATED)
def post_keys(body: CreateKey) -> NewKey:
    who = caller(app, Scope.ADMIN)
    return manage_keys.create_key(body, who.tenant, who.scopes, tenants)


@app.get("/v1/keys")
def get_keys(tenant_id: Annotated[str | None, Query(max_length=100)] = None) -> KeyList:
    who = caller(app, Scope.ADMIN)
    return manage_keys.list_keys(tenant_id or who.tenant, tenants)


@app.delete("/v1/keys/<key_id>")
def delete_key(key_id: Name) -> KeyView:
    caller(app, Scope.ADMIN)
    return manage_keys.revoke_key(key_id, tenants)


@app.post("/v1/keys/<key_id>/rotate")
def post_rotate_key(key_id: Name, body: RotateKey) -> NewKey:
    who = caller(app, Scope.ADMIN)
    return manage_keys.rotate_key(key_id, body.grace_s, who.scopes, tenants)


@app.post("/v1/purge")
def post_purge(
    dry_run: Annotated[bool, Query()] = True,
    days: Annotated[int, Query(ge=0, le=MAX_DAYS)] = PURGE_DAYS,
    cursor: Cursor = None,
) -> Purged:
    caller(app, Scope.ADMIN)
    return purge.purge(days, graves, has_time(app), is_dry_run=dry_run, cursor=cursor)


@app.post("/v1/admin/cleanup-sessions")
def post_cleanup_sessions(cursor: Cursor = None) -> CleanedUp:
    caller(app, Scope.ADMIN)
    return clean_up_sessions.clean_up_sessions(jobs, tenants, has_time(app), cursor=cursor)


@app.get("/v1/settings/presets")
def get_presets() -> Response[PresetList]:
    who = caller(app, Scope.READ)
    found = set_presets.read_presets(who.tenant, presets)
    return Response(HTTPStatus.OK, "application/json", found.view, {"ETag": found.etag})


@app.put("/v1/settings/presets")
def put_presets(
    body: SetPresets, if_match: Annotated[str | None, Header(alias="If-Match")] = None
) -> Response[PresetList]:
    who = caller(app, Scope.WRITE)
    kept = set_presets.set_presets(body, who.tenant, presets, if_match)
    return Response(HTTPStatus.OK, "application/json", kept.view, {"ETag": kept.etag})


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
