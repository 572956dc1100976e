from copy import deepcopy
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from shared.domain.access import ApiKey, Scope, hash_secret
from shared.usecases.add_tenant import add_key
from tests.cloud import recorded
from tests.functions.conftest import Context, Load
from tests.world import TENANT, World

KEY_ID, SECRET = "0123456789abcdef", "A" * 43
KEY = f"dk_{KEY_ID}_{SECRET}"
PAST = datetime.now(UTC) - timedelta(minutes=1)
STAGE = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/api/*"


@pytest.fixture
def authorizer(load: Load) -> ModuleType:
    return load("authorizer")


def ask(authorizer: ModuleType, headers: dict[str, str] | None) -> dict[str, Any]:
    event = deepcopy(recorded("authorizer")) | {"headers": headers}
    answer: dict[str, Any] = authorizer.handler(event, Context())
    return answer


def save(world: World, *scopes: Scope, **changes: datetime) -> None:
    world.tenants.save_key(ApiKey(KEY_ID, hash_secret(SECRET), TENANT, frozenset(scopes), **changes))


def test_good_key_is_its_tenants_with_its_scopes(authorizer: ModuleType, world: World) -> None:
    save(world, Scope.WRITE, Scope.READ)

    answer = authorizer.handler(recorded("authorizer"), Context())

    assert answer["principalId"] == KEY_ID
    assert answer["context"] == {"tenant": TENANT, "scopes": "read write"}


def test_answer_allows_the_whole_stage_since_it_is_cached(authorizer: ModuleType, world: World) -> None:
    save(world, Scope.READ)

    answer = authorizer.handler(recorded("authorizer"), Context())

    assert answer["policyDocument"]["Statement"] == [
        {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": STAGE}
    ]


@pytest.mark.parametrize("header", ["Authorization", "authorization", "AUTHORIZATION"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_header_and_scheme_are_read_in_any_case(authorizer: ModuleType, world: World, header: str, scheme: str) -> None:
    save(world, Scope.READ)

    assert ask(authorizer, {header: f"{scheme} {KEY}"})["context"]["tenant"] == TENANT


def test_key_that_was_handed_out_is_good(authorizer: ModuleType, world: World) -> None:
    key = add_key(TENANT, [Scope.ADMIN], world.tenants)

    assert ask(authorizer, {"authorization": f"Bearer {key}"})["context"] == {"tenant": TENANT, "scopes": "admin"}


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        (None, "missing_key"),
        ({}, "missing_key"),
        ({"authorization": ""}, "missing_key"),
        ({"authorization": "Bearer"}, "missing_key"),
        ({"authorization": "Bearer "}, "missing_key"),
        ({"authorization": "Basic dXNlcjpwYXNz"}, "missing_key"),
        ({"authorization": KEY}, "missing_key"),
        ({"authorization": "Bearer junk"}, "invalid_key"),
        ({"authorization": f"Bearer {KEY} {KEY}"}, "invalid_key"),
        ({"authorization": f"Bearer dk_{KEY_ID}_{'B' * 43}"}, "invalid_key"),
        ({"authorization": f"Bearer dk_{'f' * 16}_{SECRET}"}, "invalid_key"),
    ],
)
def test_bad_key_is_let_through_marked(
    authorizer: ModuleType, world: World, headers: dict[str, str] | None, problem: str
) -> None:
    save(world, Scope.READ)

    answer = ask(authorizer, headers)

    assert (answer["principalId"], answer["context"]) == ("nobody", {"problem": problem})
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"expires_at": PAST}, "expired_key"),
        ({"revoked_at": PAST}, "revoked_key"),
        ({"expires_at": PAST, "revoked_at": PAST}, "revoked_key"),
    ],
)
def test_spent_key_is_let_through_marked_and_names_no_tenant(
    authorizer: ModuleType, world: World, changes: dict[str, datetime], problem: str
) -> None:
    save(world, Scope.READ, **changes)

    assert authorizer.handler(recorded("authorizer"), Context())["context"] == {"problem": problem}


def test_key_with_a_longer_life_is_good(authorizer: ModuleType, world: World) -> None:
    save(world, Scope.READ, expires_at=datetime.now(UTC) + timedelta(minutes=1))

    assert authorizer.handler(recorded("authorizer"), Context())["context"]["tenant"] == TENANT
