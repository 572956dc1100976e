"""The commands on what tenants hold, and may hold."""

import json

import pytest

from darkroom import Client, Quotas
from tests.client.conftest import Run
from tests.client.fake_api import FakeApi
from tests.client.fake_tenants import UNLIMITED


def test_quotas_that_are_not_named_stay_as_they_are(run: Run, api: FakeApi) -> None:
    run("tenants", "quota", "Photo wall", "--assets", "5000", "--bytes", "10GB")

    said = run("tenants", "quota", "Photo wall", "--files-per-session", "200")

    assert said.status == 0
    assert api.tenants.quotas["tenant_a"] == {"assets": 5000, "bytes": 10**10, "files_per_session": 200}
    assert "1,200 of 5,000" in said.out
    assert "8.0 GB of 10.0 GB" in said.out
    assert api.tenants.quotas["tenant_b"] == UNLIMITED


def test_none_lifts_a_quota(run: Run, api: FakeApi) -> None:
    run("tenants", "quota", "shop", "--assets", "5", "--bytes", "1.5 MB")

    run("tenants", "quota", "shop", "--assets", "none")

    assert api.tenants.quotas["tenant_b"] == UNLIMITED | {"bytes": 1_500_000}


def test_tenant_without_options_is_only_shown(run: Run, api: FakeApi) -> None:
    said = run("tenants", "quota", "shop")

    assert "1,200" in said.out
    assert api.count("PUT", ".*") == 0


@pytest.mark.parametrize(
    "wrong", [("nobody", "--assets", "5"), ("shop", "--assets", "many"), ("shop", "--bytes", "5PB")]
)
def test_wrong_tenant_or_number_changes_nothing(run: Run, api: FakeApi, wrong: tuple[str, ...]) -> None:
    said = run("tenants", "quota", *wrong)

    assert said.status == 2
    assert api.count("PUT", ".*") == 0


def test_metrics_are_of_the_keys_own_tenant_unless_another_is_named(run: Run) -> None:
    own, other = run("metrics"), run("metrics", "Photo wall")

    assert ("shop" in own.out, "Photo wall" in own.out) == (True, False)
    assert ("shop" in other.out, "Photo wall" in other.out) == (False, True)
    assert all(found in own.out for found in ("1,200", "8.0 GB", "2.0 MB", "500 B", "10,000"))


def test_metrics_of_all_tenants_are_for_programs_too(run: Run) -> None:
    found = json.loads(run("metrics", "--all", "--json").out)

    assert [one["tenant_name"] for one in found] == ["Photo wall", "shop"]
    assert found[0]["total_bytes"] == 8_002_000_000
    assert found[0]["quotas"] == UNLIMITED


def test_unknown_tenant_has_no_metrics(run: Run) -> None:
    said = run("metrics", "nobody")

    assert (said.status, "not_found" in said.err) == (1, True)


def test_quotas_are_set_and_read_as_values(client: Client) -> None:
    tenant = client.set_quotas("tenant_a", Quotas(assets=3))

    assert tenant.quotas == client.get_tenant("tenant_a").quotas == Quotas(assets=3)
    assert client.set_quotas("tenant_a").quotas == Quotas()
