"""Make and list tenants."""

from __future__ import annotations

from shared.clock import Clock, utc_now
from shared.schemas import TenantList, TenantView
from shared.stores.tenants import TenantStore
from shared.usecases.add_tenant import add_tenant


def create_tenant(name: str, tenants: TenantStore, clock: Clock = utc_now) -> TenantView:
    """The tenant of this name, made if there is none."""
    return TenantView(tenant_id=add_tenant(name, tenants, clock), tenant_name=name)


def list_tenants(cursor: str | None, tenants: TenantStore) -> TenantList:
    """A page of all tenants, the oldest first. Raises InvalidId for a wrong cursor."""
    page = tenants.page(cursor)
    found = [TenantView(tenant_id=tenant, tenant_name=name) for tenant, name in page.names.items()]
    return TenantList(tenants=found, next_cursor=page.next_cursor)
