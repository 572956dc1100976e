"""API Gateway → the REST routes that keep the installation: what they write, no tenant-facing function may."""

from typing import Any

from shared.domain.access import Scope
from shared.observability import logger
from shared.rest import caller, has_time, resolver
from shared.schemas import CleanedUp
from shared.settings import AdminSettings
from shared.stores.jobs import JobStore
from shared.stores.tenants import TenantStore
from shared.usecases import clean_up_sessions

settings = AdminSettings.load()
jobs, tenants = JobStore(settings.jobs_table), TenantStore(settings.catalog_table)

app = resolver()


@app.post("/v1/admin/cleanup-sessions")
def post_cleanup_sessions() -> CleanedUp:
    caller(app, Scope.ADMIN)
    return clean_up_sessions.clean_up_sessions(jobs, tenants, has_time(app))


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
