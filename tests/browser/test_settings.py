"""Presets, keys, usage and purge, on the real routes."""

import re
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from darkroom import Client, upload_files
from shared.domain.poison import PoisonRecord, poison_id_of
from shared.domain.stage import Stage
from shared.domain.task import TaskRef
from tests.browser.conftest import Console, answering, new_files
from tests.browser.stored import age_graves, give_up
from tests.pictures import photo
from tools.bootstrap import bootstrap
from tools.stack import Stack, aws_of


@pytest.fixture
def newcomer(stack: Stack) -> dict[str, str]:
    """A tenant of its own, for what changes a tenant's settings."""
    with aws_of(stack.aws_endpoint):
        return bootstrap(stack.stack_name, stack.aws_endpoint, stack.region, f"newcomer-{secrets.token_hex(4)}")


def row_of(page: Page, index: int) -> dict[str, str]:
    """A tenant's own preset as its form shows it."""
    row = page.get_by_role("region", name="Presets").get_by_role("row").nth(index)
    return {name: row.get_by_label(name, exact=True).input_value() for name in ("Name", "Width", "Format", "Quality")}


def test_preset_is_added_and_still_there_when_looked_at_again(console: Console, newcomer: dict[str, str]) -> None:
    page = console.open("p/settings", key=newcomer["tenant_key"])
    page.get_by_role("button", name="Add a preset").click()
    page.get_by_label("Name", exact=True).fill("wall")
    page.get_by_label("Width", exact=True).fill("2400")
    page.get_by_label("Format", exact=True).select_option("avif")
    page.get_by_role("checkbox", name="Make thumb_150").uncheck()

    page.get_by_role("button", name="Save presets").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    page.reload()

    page.get_by_label("Name", exact=True).wait_for()
    rows = page.get_by_role("region", name="Presets").get_by_role("row").count()
    assert row_of(page, rows - 1) == {"Name": "wall", "Width": "2400", "Format": "avif", "Quality": "80"}
    expect(page.get_by_role("checkbox", name="Make thumb_150")).not_to_be_checked()


def test_presets_that_were_changed_meanwhile_are_not_overwritten(
    console: Console, stack: Stack, newcomer: dict[str, str]
) -> None:
    console.expect("412")
    page = console.open("p/settings", key=newcomer["tenant_key"])
    page.get_by_role("checkbox", name="Make thumb_150").uncheck()
    with Client(stack.api_url, newcomer["tenant_key"]) as client:
        client.set_presets([{"name": "theirs", "longer_edge": 90}])

    page.get_by_role("button", name="Save presets").click()

    expect(page.get_by_role("alert")).to_contain_text("changed since they were read")
    page.reload()
    expect(page.get_by_role("checkbox", name="Make theirs")).to_be_checked()
    page.get_by_role("checkbox", name="Make thumb_150").uncheck()
    page.get_by_role("button", name="Save presets").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    page.get_by_role("checkbox", name="Make thumb_300", exact=True).uncheck()
    page.get_by_role("button", name="Save presets").click()
    expect(page.get_by_text("Saved")).to_be_visible()


def test_preset_that_cannot_be_is_refused_field_by_field(console: Console, newcomer: dict[str, str]) -> None:
    console.expect("422")
    page = console.open("p/settings", key=newcomer["tenant_key"])
    for n in range(2):
        page.get_by_role("button", name="Add a preset").click()
        page.get_by_label("Name", exact=True).nth(n).fill("wall")

    page.get_by_role("button", name="Save presets").click()

    expect(page.get_by_role("alert")).to_contain_text("Name: Two rows have this name.")


def test_quotas_of_a_tenant_are_set_and_lifted(console: Console, newcomer: dict[str, str]) -> None:
    page = console.open("p/settings", key=newcomer["admin_key"])
    quotas = page.get_by_role("region", name="Quotas")
    expect(quotas.get_by_label("Tenant")).to_have_text(re.compile(newcomer["tenant"]))
    quotas.get_by_label("Images").fill("100")
    quotas.get_by_label("Size of originals").fill("0.5")
    quotas.get_by_label("Files in one upload").fill("2000")

    quotas.get_by_role("button", name="Save quotas").click()
    expect(quotas.get_by_text("Saved")).to_be_visible()
    own = page.get_by_role("region", name="Usage").get_by_role("row").filter(has_text=newcomer["tenant"])
    expect(own).to_contain_text("0 of 100")
    expect(own).to_contain_text("0 B of 500.0 MB")
    page.reload()

    expect(quotas.get_by_label("Size of originals")).to_have_value("0.5")
    expect(quotas.get_by_label("Files in one upload")).to_have_value("2000")
    quotas.get_by_label("Images").fill("")
    quotas.get_by_role("button", name="Save quotas").click()
    expect(own).not_to_contain_text("0 of 100")
    expect(own).to_contain_text("0 B of 500.0 MB")


def test_quota_that_cannot_be_is_refused_in_the_words_of_the_api(console: Console, newcomer: dict[str, str]) -> None:
    console.expect("422")
    page = console.open("p/settings", key=newcomer["admin_key"])
    quotas = page.get_by_role("region", name="Quotas")
    quotas.get_by_label("Files in one upload").fill("20000")

    quotas.get_by_role("button", name="Save quotas").click()

    expect(quotas.get_by_role("alert")).to_contain_text("Files per session: ")


def test_work_given_up_is_listed_once_for_each_file_and_taken_up_again(
    console: Console, stack: Stack, newcomer: dict[str, str], tmp_path: Path
) -> None:
    with Client(stack.api_url, newcomer["tenant_key"]) as client:
        upload_files(client, new_files(tmp_path, 1), "p")
        job = next(client.list_jobs("p"))
    for stage in (Stage.THUMBNAILS, Stage.VARIANTS):
        task = TaskRef(job.job_id, "t00000", 1)
        record = PoisonRecord(
            poison_id=poison_id_of(task, stage),
            tenant=newcomer["tenant_id"],
            job_id=task.job_id,
            task_id=task.task_id,
            epoch=task.epoch,
            asset_id=None,
            stage=stage,
            code="try_again",
            detail="The service is busy.",
            attempts=4,
            failed_at=datetime.now(UTC),
            filename="000.jpg",
        )
        give_up(stack, record)
    page = console.open("p/settings", key=newcomer["tenant_key"])
    region = page.get_by_role("region", name="Given up")
    row = region.get_by_role("row").filter(has_text="000.jpg")
    expect(row).to_contain_text("Renditions, Thumbnails")
    expect(row).to_contain_text("The service was too busy, several times over.")

    row.get_by_role("button", name="Try again").click()

    expect(region.get_by_role("status")).to_contain_text("nothing was changed")
    expect(region).to_contain_text("Nothing was given up.")
    page.reload()
    expect(region).to_contain_text("Nothing was given up.")


def test_part_that_cannot_be_shown_is_tried_again(console: Console) -> None:
    console.expect("403")
    page = console.open("p/upload")
    page.route("**/v1/settings/presets", answering(status=403, json={"detail": "Not now."}))
    console.go(page, "p/settings")
    again = page.get_by_role("alert").filter(has_text="Not now.").get_by_role("button", name="Try again")
    page.get_by_role("region", name="Usage").wait_for()
    page.unroute_all()

    again.click()

    expect(page.get_by_role("region", name="Presets")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_purge_shows_its_dry_run_and_then_frees_what_was_deleted(
    console: Console, stack: Stack, project: str, tmp_path: Path
) -> None:
    (tmp_path / "old.jpg").write_bytes(photo(seed=77))
    with Client(stack.api_url, stack.tenant_key) as client:
        report = upload_files(client, [tmp_path], project)
        asset_id = next(found.asset_id for found in report.verdicts if found.asset_id)
        client.delete_asset(asset_id)
    age_graves(stack, asset_id, by=timedelta(days=2))
    page = console.open(f"{project}/settings", key=stack.admin_key)
    purge = page.get_by_role("region", name="Purge")
    purge.get_by_label("days ago").fill("0")

    purge.get_by_role("button", name="Look first").click()
    # The original and its nine renditions.
    expect(purge).to_contain_text("Dry run: 10 files would go")
    expect(purge).to_contain_text("Nothing was deleted yet.")
    purge.get_by_role("button", name="Delete 10 files for good").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()

    expect(purge).to_contain_text("10 files deleted")
    purge.get_by_role("button", name="Look first").click()
    expect(purge).to_contain_text("Dry run: 0 files would go")
