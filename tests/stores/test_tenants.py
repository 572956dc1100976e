from datetime import timedelta

import pytest

from shared.domain.access import ApiKey, Scope, hash_secret
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
