"""Make a tenant, and API keys for one."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from shared.clock import Clock, utc_now
from shared.domain.access import ApiKey, Scope, hash_secret
from shared.domain.ids import ulid_at
from shared.domain.quotas import NO_QUOTAS, Quotas
from shared.stores.tenants import TenantStore

KEY_ID_BYTES = 8
SECRET_BYTES = 32


def add_tenant(name: str, tenants: TenantStore, clock: Clock = utc_now, quotas: Quotas = NO_QUOTAS) -> str:
    """The id of the tenant of this name, made with these quotas if there is none."""
    now = clock()
    return tenants.create(f"tenant_{ulid_at(now, secrets.token_bytes(10))}", name, now, quotas)


def add_key(
    tenant: str,
    scopes: Iterable[Scope],
    tenants: TenantStore,
    expires_at: datetime | None = None,
    label: str = "",
    clock: Clock = utc_now,
) -> str:
    """A new key for a tenant, as the text to hand over. It is shown this once: only a hash of it is kept."""
    key, text = new_key(tenant, scopes, expires_at, label, clock())
    tenants.save_key(key)
    return text


def new_key(
    tenant: str, scopes: Iterable[Scope], expires_at: datetime | None, label: str, now: datetime
) -> tuple[ApiKey, str]:
    """(a key that is kept nowhere yet, its text)."""
    key_id, secret = secrets.token_hex(KEY_ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    key = ApiKey(key_id, hash_secret(secret), tenant, frozenset(scopes), expires_at, None, now, label)
    return key, f"dk_{key_id}_{secret}"
