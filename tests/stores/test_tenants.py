from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.access import ApiKey, Scope, hash_secret
from shared.errors import Conflict, NotFound
from tests.stores.jobs import LATER, NOW, STRANGER, rows
from tests.world import PROJECT, TENANT, World

SECRET = "s" * 43
PLAIN = ApiKey("0123456789abcdef", hash_secret(SECRET), TENANT, frozenset({Scope.READ}))
FULL = ApiKey(
    "fedcba9876543210",
    hash_secret(SECRET),
    TENANT,
    frozenset(Scope),
    expires_at=NOW + timedelta(days=30),
    revoked_at=LATER,
)


@pytest.mark.parametrize("key", [PLAIN, FULL])
def test_key_comes_back_as_it_was_saved(world: World, key: ApiKey) -> None:
    world.tenants.save_key(key)

    assert world.tenants.find_key(key.key_id) == key


def test_replaced_key_that_is_revoked_keeps_its_expiry(world: World) -> None:
    new = replace(PLAIN, key_id="fedcba9876543210")
    world.tenants.save_key(PLAIN)
    world.tenants.replace_key(PLAIN.key_id, LATER, new)

    revoked = world.tenants.revoke_key(PLAIN.key_id, NOW)

    assert revoked == replace(PLAIN, revoked_at=NOW, expires_at=LATER)
    assert world.tenants.keys_of(TENANT) == [revoked, new]


def test_replacing_does_not_lengthen_the_life_of_a_key(world: World) -> None:
    world.tenants.save_key(replace(PLAIN, expires_at=NOW))

    with pytest.raises(Conflict):
        world.tenants.replace_key(PLAIN.key_id, LATER, replace(PLAIN, key_id="fedcba9876543210"))

    assert world.tenants.keys_of(TENANT) == [replace(PLAIN, expires_at=NOW)]


def test_key_is_revoked_once(world: World) -> None:
    world.tenants.save_key(PLAIN)
    world.tenants.revoke_key(PLAIN.key_id, NOW)

    assert world.tenants.revoke_key(PLAIN.key_id, LATER).revoked_at == NOW


def test_unknown_key_is_not_revoked(world: World) -> None:
    with pytest.raises(NotFound):
        world.tenants.revoke_key("0000000000000000", NOW)

    assert rows(world.cloud, world.cloud.catalog_table) == []


def test_unknown_key_is_none(world: World) -> None:
    assert world.tenants.find_key("0000000000000000") is None


def test_secret_is_in_no_row(world: World) -> None:
    world.tenants.save_key(PLAIN)

    assert SECRET not in str(rows(world.cloud, world.cloud.catalog_table))


def test_key_that_will_expire_is_not_deleted_by_the_table(world: World) -> None:
    world.tenants.save_key(FULL)

    assert [row for row in rows(world.cloud, world.cloud.catalog_table) if "expires_at" in row] == []


def test_tenant_is_made_once_for_its_name(world: World) -> None:
    first = world.tenants.create(TENANT, "Photo Wall", NOW)

    second = world.tenants.create(STRANGER, "Photo Wall", LATER)

    assert (first, second) == (TENANT, TENANT)
    assert STRANGER not in str(rows(world.cloud, world.cloud.catalog_table))


def test_tenants_of_different_names_are_different(world: World) -> None:
    assert world.tenants.create(TENANT, "Photo Wall", NOW) == TENANT
    assert world.tenants.create(STRANGER, "Shop", NOW) == STRANGER


def test_project_is_noted_once_and_keeps_the_time_it_was_first_seen(world: World) -> None:
    world.tenants.note_project(TENANT, PROJECT, NOW)

    world.tenants.note_project(TENANT, PROJECT, LATER)

    found = rows(world.cloud, world.cloud.catalog_table)
    assert [(row["project"], row["created_at"]) for row in found] == [(PROJECT, NOW.isoformat(timespec="microseconds"))]


def test_projects_of_one_name_are_each_tenants_own(world: World) -> None:
    world.tenants.note_project(TENANT, PROJECT, NOW)

    world.tenants.note_project(STRANGER, PROJECT, NOW)

    assert len(rows(world.cloud, world.cloud.catalog_table)) == 2
