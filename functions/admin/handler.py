"""API Gateway → the REST routes that keep the installation: what they write, no tenant-facing function may."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from shared.domain.access import Scope
from shared.observability import logger
from shared.rest import caller, has_time, resolver
from shared.schemas import CleanedUp, Metrics, MetricsList, PresetList, SetPresets
from shared.settings import AdminSettings
from shared.stores.jobs import JobStore
from shared.stores.presets import PresetStore
from shared.stores.tenants import TenantStore
from shared.stores.usage import UsageStore
from shared.usecases import clean_up_sessions, read_metrics, set_presets

settings = AdminSettings.load()
jobs, tenants = JobStore(settings.jobs_table), TenantStore(settings.catalog_table)
usage, presets = UsageStore(settings.catalog_table), PresetStore(settings.catalog_table)

Name = Annotated[str, Path(max_length=200)]
Cursor = Annotated[str | None, Query(max_length=500)]

app = resolver()


@app.get("/v1/metrics")
def get_all_metrics(cursor: Cursor = None) -> MetricsList:
    caller(app, Scope.ADMIN)
    return read_metrics.list_metrics(cursor, tenants, usage)


@app.get("/v1/metrics/tenants/<name>")
def get_metrics(name: Name) -> Metrics:
    who = caller(app, Scope.READ)
    own = None if Scope.ADMIN in who.scopes else who.tenant
    return read_metrics.read_metrics(name, own, tenants, usage)


@app.post("/v1/admin/cleanup-sessions")
def post_cleanup_sessions() -> CleanedUp:
    caller(app, Scope.ADMIN)
    return clean_up_sessions.clean_up_sessions(jobs, tenants, has_time(app))


@app.get("/v1/settings/presets")
def get_presets() -> PresetList:
    who = caller(app, Scope.READ)
    return set_presets.read_presets(who.tenant, presets)


@app.put("/v1/settings/presets")
def put_presets(body: SetPresets) -> PresetList:
    who = caller(app, Scope.WRITE)
    return set_presets.set_presets(body, who.tenant, presets)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
