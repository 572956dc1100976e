"""Tell a caller who they are, and which projects they have."""

from __future__ import annotations

from shared.domain.access import Scope
from shared.schemas import Me, ProjectList, ProjectView
from shared.stores.tenants import TenantStore


def who_am_i(tenant: str, key_id: str, scopes: frozenset[Scope], tenants: TenantStore) -> Me:
    """The tenant and the key behind a request."""
    key = tenants.find_key(key_id) if key_id else None
    owner = tenants.find(tenant)
    return Me(
        tenant_id=tenant,
        tenant_name=owner.name if owner else "",
        scopes=sorted(scopes),
        key_id=key_id or None,
        expires_at=key.expires_at if key else None,
    )


def list_projects(tenant: str, cursor: str | None, tenants: TenantStore) -> ProjectList:
    """A page of a tenant's projects, by name. Raises InvalidId for a wrong cursor."""
    page = tenants.project_page(tenant, cursor)
    projects = [ProjectView(project=project, created_at=created_at) for project, created_at in page.created.items()]
    return ProjectList(projects=projects, next_cursor=page.next_cursor)
