"""A quality job, from the button to its end, on the real routes."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from darkroom import Client, upload_files
from tests.browser.conftest import Console
from tests.browser.stored import put_original_at
from tests.pictures import photo
from tools.stack import Stack

IMAGES = 4


@pytest.fixture
def scored(stack: Stack, project: str, tmp_path: Path) -> list[str]:
    """The assets of a project whose images all have a score."""
    for seed in range(IMAGES):
        (tmp_path / f"{seed}.jpg").write_bytes(photo(seed))
    with Client(stack.api_url, stack.tenant_key) as client:
        report = upload_files(client, [tmp_path], project)
    return [found.asset_id for found in report.verdicts if found.asset_id]


def open_quality(console: Console, project: str) -> Page:
    page = console.open(f"{project}/quality")
    page.get_by_label("Also those that have a score").check()
    return page


def test_quality_job_is_started_and_watched_to_its_end(console: Console, project: str, scored: list[str]) -> None:
    page = open_quality(console, project)
    # Without a pause it may be over before anyone has looked.
    page.get_by_label("Images in a batch").fill("1")
    page.get_by_label("Pause between batches").fill("3000")

    page.get_by_role("button", name="Start").click()

    expect(page.get_by_role("progressbar", name="Whole quality job")).to_be_visible()
    expect(page.get_by_text(f"The last job is completed: {IMAGES} scored, 0 failed, 0 skipped.")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_enabled()


def test_cancelled_quality_job_adds_up_and_another_may_begin(console: Console, project: str, scored: list[str]) -> None:
    page = open_quality(console, project)
    page.get_by_label("Images in a batch").fill("1")
    page.get_by_label("Pause between batches").fill("30000")

    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Cancel").click()

    last = page.get_by_text("The last job is cancelled")
    expect(last).to_be_visible()
    scored_n, failed, skipped = (int(word) for word in last.inner_text().split() if word.isdigit())
    assert (scored_n + failed + skipped, failed) == (IMAGES, 0)
    assert skipped > 0
    expect(page.get_by_role("button", name="Start")).to_be_enabled()


def test_what_failed_is_retried_once_its_cause_is_gone(
    console: Console, stack: Stack, project: str, scored: list[str]
) -> None:
    version = put_original_at(stack, scored[0], "lost")
    page = open_quality(console, project)
    page.get_by_role("button", name="Start").click()
    retry = page.get_by_role("button", name="Retry 1 failed")
    retry.wait_for()

    put_original_at(stack, scored[0], version)
    retry.click()

    expect(page.get_by_text(f"The last job is completed: {IMAGES} scored, 0 failed, 0 skipped.")).to_be_visible()
    expect(retry).to_have_count(0)
