"""Make and list tenants, and set their quotas."""

from __future__ import annotations

from dataclasses import asdict

from shared.clock import Clock, utc_now
from shared.domain.quotas import Quotas
from shared.errors import NotFound
from shared.schemas import CreateTenant, QuotaSet, TenantList, TenantView, TenantWithUsage
from shared.stores.tenants import Tenant, TenantStore
from shared.stores.usage import UsageStore
from shared.usecases.add_tenant import add_tenant
from shared.usecases.read_metrics import usage_of


def create_tenant(body: CreateTenant, tenants: TenantStore, clock: Clock = utc_now) -> TenantView:
    """The tenant of this name, made if there is none. One that is there already keeps the quotas that it has."""
    return _view(_find(add_tenant(body.name, tenants, clock, _quotas(body.quotas)), tenants))


def list_tenants(cursor: str | None, tenants: TenantStore) -> TenantList:
    """A page of all tenants, the oldest first. Raises InvalidId for a wrong cursor."""
    page = tenants.page(cursor)
    return TenantList(tenants=[_view(tenant) for tenant in page.tenants], next_cursor=page.next_cursor)


def read_tenant(tenant_id: str, tenants: TenantStore, usage: UsageStore) -> TenantWithUsage:
    """A tenant with what it may hold, and what it does. Raises NotFound."""
    view = _view(_find(tenant_id, tenants))
    return TenantWithUsage(**view.model_dump(), usage=usage_of(tenant_id, usage))


def set_quotas(tenant_id: str, body: QuotaSet, tenants: TenantStore) -> TenantView:
    """Replace a tenant's quotas: for sessions that are opened from now on. Raises NotFound."""
    return _view(tenants.set_quotas(tenant_id, _quotas(body)))


def _find(tenant_id: str, tenants: TenantStore) -> Tenant:
    tenant = tenants.find(tenant_id)
    if tenant is None:
        raise NotFound("There is no such tenant.")
    return tenant


def _quotas(body: QuotaSet) -> Quotas:
    return Quotas(**body.model_dump())


def _view(tenant: Tenant) -> TenantView:
    return TenantView(
        tenant_id=tenant.tenant_id, tenant_name=tenant.name, quotas=QuotaSet.model_validate(asdict(tenant.quotas))
    )
