"""The fake Darkroom's tenants, with quotas and usage."""

from __future__ import annotations

import json
from typing import Any

from tests.client.fake_jobs import Answer, Problem

USAGE = {
    "asset_count": 1200,
    "rendition_count": 9,
    "asset_bytes": 8_000_000_000,
    "rendition_bytes": 2_000_000,
    "total_bytes": 8_002_000_000,
    "awaiting_purge_bytes": 500,
}
NAMES = {"tenant_a": "Photo wall", "tenant_b": "shop"}
UNLIMITED = {"assets": None, "bytes": None, "files_per_session": None}


class FakeTenants:
    """Two tenants; the key's own is the second."""

    def __init__(self) -> None:
        self.quotas: dict[str, dict[str, int | None]] = dict.fromkeys(NAMES, UNLIMITED)

    def answer(self, method: str, path: str, body: bytes) -> Answer | None:
        names = {name: tenant for tenant, name in NAMES.items()}
        match method, path.split("/")[2:]:
            case "GET", ["tenants"]:
                return 200, {"tenants": [self.view(tenant) for tenant in NAMES], "next_cursor": None}
            case "GET", ["tenants", tenant]:
                return 200, self.view(tenant) | {"usage": USAGE}
            case "PUT", ["tenants", tenant, "quotas"]:
                self.quotas[tenant] = json.loads(body)
                return 200, self.view(tenant)
            case "GET", ["metrics"]:
                return 200, {"tenants": [self.view(tenant) | USAGE for tenant in NAMES], "next_cursor": None}
            case "GET", ["metrics", "tenants", name]:
                if name.replace("%20", " ") not in names:
                    raise Problem(404, "not_found")
                return 200, self.view(names[name.replace("%20", " ")]) | USAGE
            case "GET", ["me"]:
                return 200, {"tenant_id": "tenant_b", "tenant_name": "shop", "scopes": ["read"]}
        return None

    def view(self, tenant: str) -> dict[str, Any]:
        return {"tenant_id": tenant, "tenant_name": NAMES[tenant], "quotas": self.quotas[tenant]}
