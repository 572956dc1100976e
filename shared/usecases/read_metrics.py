"""Read what tenants have in storage."""

from __future__ import annotations

from shared.errors import NotFound
from shared.schemas import Metrics, MetricsList
from shared.stores.tenants import TenantStore
from shared.stores.usage import UsageStore


def read_metrics(name: str, tenant: str | None, tenants: TenantStore, usage: UsageStore) -> Metrics:
    """Metrics of the tenant of this name. Raises NotFound for any but `tenant`; for None, any tenant will do."""
    found = tenants.find_by_name(name)
    if found is None or tenant not in (None, found):
        raise NotFound("There is no such tenant.")
    return _metrics(found, name, usage)


def list_metrics(cursor: str | None, tenants: TenantStore, usage: UsageStore) -> MetricsList:
    """A page of all tenants' metrics, oldest tenant first. Raises InvalidId for a cursor that is none."""
    page = tenants.page(cursor)
    return MetricsList(
        tenants=[_metrics(tenant, name, usage) for tenant, name in page.names.items()], next_cursor=page.next_cursor
    )


def _metrics(tenant: str, name: str, usage: UsageStore) -> Metrics:
    found = usage.read(tenant)
    total = found["asset_bytes"] + found["rendition_bytes"]
    return Metrics(tenant_id=tenant, tenant_name=name, total_bytes=total, **found)
