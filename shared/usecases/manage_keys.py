"""Make, list, revoke and rotate a tenant's API keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from shared.clock import Clock, utc_now
from shared.domain.access import ApiKey, Scope, split_key
from shared.errors import Forbidden, InvalidRequest, NotFound
from shared.schemas import CreateKey, KeyList, KeyView, NewKey
from shared.stores.tenants import TenantStore
from shared.usecases.add_tenant import add_key


def create_key(
    body: CreateKey, tenant: str, scopes: frozenset[Scope], tenants: TenantStore, clock: Clock = utc_now
) -> NewKey:
    """A new key, told this once. `tenant` is the caller's, which the body may replace by another.

    Raises Forbidden for a scope that the caller lacks, NotFound for a tenant that does not exist, InvalidRequest for
    an expiry in the past.
    """
    if lacking := sorted(set(body.scopes) - scopes):
        raise Forbidden(f"Your own key lacks the scope `{lacking[0]}`.")
    if body.expires_at is not None and body.expires_at <= clock():
        raise InvalidRequest("`expires_at` is in the past.")
    owner = body.tenant_id or tenant
    if tenants.find(owner) is None:
        raise NotFound("There is no such tenant.")
    return _told(add_key(owner, body.scopes, tenants, body.expires_at, body.label, clock), tenants)


def list_keys(tenant: str, tenants: TenantStore) -> KeyList:
    """A tenant's keys, the oldest first; never a secret."""
    return KeyList(keys=[_view(key) for key in tenants.keys_of(tenant)])


def revoke_key(key_id: str, tenants: TenantStore, clock: Clock = utc_now) -> KeyView:
    """Let a key work no longer: at once where it is looked up, elsewhere within a minute. Twice changes nothing."""
    key = _find(key_id, tenants)
    if key.revoked_at is None:
        key = replace(key, revoked_at=clock())
        tenants.save_key(key)
    return _view(key)


def rotate_key(key_id: str, grace_s: int, tenants: TenantStore, clock: Clock = utc_now) -> NewKey:
    """A new key in place of one that works; the old one goes on for `grace_s` seconds. Raises NotFound."""
    key = _find(key_id, tenants)
    if key.revoked_at is not None:
        raise NotFound("That key was revoked.")
    made = _told(add_key(key.tenant, key.scopes, tenants, key.expires_at, key.label, clock), tenants)
    ends_at = clock() + timedelta(seconds=grace_s)
    tenants.save_key(replace(key, expires_at=min(key.expires_at or ends_at, ends_at)))
    return made


def _find(key_id: str, tenants: TenantStore) -> ApiKey:
    key = tenants.find_key(key_id)
    if key is None:
        raise NotFound("There is no such key.")
    return key


def _told(text: str, tenants: TenantStore) -> NewKey:
    key_id, _ = split_key(text)
    return NewKey(**_view(_find(key_id, tenants)).model_dump(), key=text)


def _view(key: ApiKey) -> KeyView:
    return KeyView(
        key_id=key.key_id,
        tenant_id=key.tenant,
        label=key.label,
        scopes=sorted(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
    )
