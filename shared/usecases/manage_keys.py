"""Make, list, revoke and rotate a tenant's API keys."""

from __future__ import annotations

from datetime import timedelta

from shared.clock import Clock, utc_now
from shared.domain.access import ApiKey, Scope
from shared.errors import Conflict, Forbidden, InvalidRequest, NotFound
from shared.schemas import CreateKey, KeyList, KeyView, NewKey
from shared.stores.tenants import TenantStore
from shared.usecases.add_tenant import new_key


def create_key(
    body: CreateKey, tenant: str, scopes: frozenset[Scope], tenants: TenantStore, clock: Clock = utc_now
) -> NewKey:
    """A new key, told this once. `tenant` is the caller's, which the body may replace by another.

    Raises Forbidden for a scope that the caller lacks, NotFound for a tenant that does not exist, InvalidRequest for
    an expiry in the past.
    """
    _check_scopes(frozenset(body.scopes), scopes)
    now = clock()
    if body.expires_at is not None and body.expires_at <= now:
        raise InvalidRequest("`expires_at` is in the past.")
    owner = body.tenant_id or tenant
    if tenants.find(owner) is None:
        raise NotFound("There is no such tenant.")
    key, text = new_key(owner, body.scopes, body.expires_at, body.label, now)
    tenants.save_key(key)
    return _told(key, text)


def list_keys(tenant: str, tenants: TenantStore) -> KeyList:
    """A tenant's keys, the oldest first; never a secret."""
    return KeyList(keys=[_view(key) for key in tenants.keys_of(tenant)])


def revoke_key(key_id: str, tenants: TenantStore, clock: Clock = utc_now) -> KeyView:
    """Let a key work no longer: at once where it is looked up, elsewhere within a minute. Twice changes nothing.

    Raises NotFound.
    """
    return _view(tenants.revoke_key(key_id, clock()))


def rotate_key(
    key_id: str, grace_s: int, scopes: frozenset[Scope], tenants: TenantStore, clock: Clock = utc_now
) -> NewKey:
    """A new key in place of one that works; the old one goes on for `grace_s` seconds.

    Raises NotFound, Forbidden for a key with a scope that the caller lacks, Conflict for one that works no longer.
    """
    old = tenants.find_key(key_id)
    if old is None:
        raise NotFound("There is no such key.")
    _check_scopes(old.scopes, scopes)
    now = clock()
    if old.revoked_at is not None:
        raise Conflict("That key was revoked; make a new one.")
    if old.expires_at is not None and old.expires_at <= now:
        raise Conflict("That key has expired; make a new one.")
    ends_at = now + timedelta(seconds=grace_s)
    key, text = new_key(old.tenant, old.scopes, old.expires_at, old.label, now)
    tenants.replace_key(key_id, min(old.expires_at or ends_at, ends_at), key)
    return _told(key, text)


def _check_scopes(given: frozenset[Scope], own: frozenset[Scope]) -> None:
    if lacking := sorted(given - own):
        raise Forbidden(f"Your own key lacks the scope `{lacking[0]}`.")


def _told(key: ApiKey, text: str) -> NewKey:
    return NewKey(**_view(key).model_dump(), key=text)


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
