from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.access import ApiKey, Scope, hash_secret, judge, split_key
from shared.errors import ExpiredKey, RevokedKey, Unauthorized

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SECRET = "A" * 43
KEY = ApiKey("0123456789abcdef", hash_secret(SECRET), "tenant_a", frozenset({Scope.READ}))


def test_key_is_split_into_its_id_and_secret() -> None:
    assert split_key(f"dk_0123456789abcdef_{SECRET}") == ("0123456789abcdef", SECRET)


def test_secret_may_hold_underscores_and_dashes() -> None:
    assert split_key(f"dk_0123456789abcdef_{'_-' * 21}_") == ("0123456789abcdef", "_-" * 21 + "_")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dk_",
        "dk_0123456789abcdef",
        f"dk_0123456789abcdef_{SECRET[:-1]}",
        f"dk_0123456789abcdef_{SECRET}A",
        f"dk_0123456789abcdef_{SECRET}\n",
        f"dk_0123456789ABCDEF_{SECRET}",
        f"sk_0123456789abcdef_{SECRET}",
        f" dk_0123456789abcdef_{SECRET}",
    ],
)
def test_what_is_no_key_is_unauthorized(text: str) -> None:
    with pytest.raises(Unauthorized):
        split_key(text)


def test_good_key_is_given_back() -> None:
    assert judge(KEY, SECRET, NOW) == KEY


def test_secret_is_kept_as_a_hash_only() -> None:
    assert SECRET not in repr(KEY)


def test_unknown_key_and_wrong_secret_are_told_apart_by_nobody() -> None:
    with pytest.raises(Unauthorized) as unknown:
        judge(None, SECRET, NOW)
    with pytest.raises(Unauthorized) as wrong:
        judge(KEY, "B" * 43, NOW)

    assert (type(unknown.value), unknown.value.detail) == (type(wrong.value), wrong.value.detail)


def test_key_works_until_it_expires() -> None:
    assert judge(replace(KEY, expires_at=NOW + SECOND), SECRET, NOW)


@pytest.mark.parametrize("expires_at", [NOW, NOW - SECOND])
def test_key_past_its_time_has_expired(expires_at: datetime) -> None:
    with pytest.raises(ExpiredKey):
        judge(replace(KEY, expires_at=expires_at), SECRET, NOW)


def test_revoked_key_is_revoked() -> None:
    with pytest.raises(RevokedKey):
        judge(replace(KEY, revoked_at=NOW), SECRET, NOW)


def test_key_to_be_revoked_later_still_works() -> None:
    assert judge(replace(KEY, revoked_at=NOW + SECOND), SECRET, NOW)


def test_wrong_secret_learns_nothing_of_a_revoked_or_expired_key() -> None:
    spent = replace(KEY, revoked_at=NOW, expires_at=NOW)

    with pytest.raises(Unauthorized) as refused:
        judge(spent, "B" * 43, NOW)

    assert refused.value.code == "invalid_key"
