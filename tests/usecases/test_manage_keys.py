"""Keys that change while they are managed."""

from __future__ import annotations

import pytest

from shared.domain.access import ApiKey, Scope, hash_secret
from shared.errors import Conflict
from shared.stores.tenants import TenantStore
from shared.usecases.manage_keys import revoke_key, rotate_key
from tests.world import TENANT, World

KEY = ApiKey("0123456789abcdef", hash_secret("secret"), TENANT, frozenset({Scope.READ}))


class RevokedMeanwhile(TenantStore):
    """Another admin revokes each key as soon as it has been read."""

    def find_key(self, key_id: str) -> ApiKey | None:
        found = super().find_key(key_id)
        revoke_key(key_id, TenantStore(self.table))
        return found


def test_key_that_is_revoked_while_it_is_rotated_stays_revoked_and_gets_no_successor(world: World) -> None:
    world.tenants.save_key(KEY)

    with pytest.raises(Conflict):
        rotate_key(KEY.key_id, 60, KEY.scopes, RevokedMeanwhile(world.tenants.table), world.clock)

    (kept,) = world.tenants.keys_of(TENANT)
    assert kept.revoked_at is not None
    assert kept.expires_at is None
