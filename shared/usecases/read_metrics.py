"""Read what tenants have in storage."""

from __future__ import annotations

from dataclasses import asdict

from shared.errors import NotFound
from shared.schemas import Metrics, MetricsList, QuotaSet, Usage
from shared.stores.tenants import Tenant, TenantStore
from shared.stores.usage import UsageStore


def read_metrics(name: str, tenant: str | None, tenants: TenantStore, usage: UsageStore) -> Metrics:
    """Metrics of the tenant of this name. Raises NotFound for any but `tenant`; for None, any tenant will do."""
    tenant_id = tenants.find_by_name(name)
    if tenant_id is None or tenant not in (None, tenant_id) or (found := tenants.find(tenant_id)) is None:
        raise NotFound("There is no such tenant.")
    return _metrics(found, usage)


def list_metrics(cursor: str | None, tenants: TenantStore, usage: UsageStore) -> MetricsList:
    """A page of all tenants' metrics, oldest tenant first. Raises InvalidId for a cursor that is none."""
    page = tenants.page(cursor)
    return MetricsList(tenants=[_metrics(tenant, usage) for tenant in page.tenants], next_cursor=page.next_cursor)


def usage_of(tenant_id: str, usage: UsageStore) -> Usage:
    """What a tenant has in storage; zeros for one that has nothing."""
    found = usage.read(tenant_id)
    return Usage(total_bytes=found["asset_bytes"] + found["rendition_bytes"], **found)


def _metrics(tenant: Tenant, usage: UsageStore) -> Metrics:
    return Metrics(
        tenant_id=tenant.tenant_id,
        tenant_name=tenant.name,
        quotas=QuotaSet.model_validate(asdict(tenant.quotas)),
        **usage_of(tenant.tenant_id, usage).model_dump(),
    )
