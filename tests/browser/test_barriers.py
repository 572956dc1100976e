"""What an upload shows on its way, as axe-core sees it."""

import itertools
from typing import Any

import pytest

from tests.browser.conftest import SCHEMES, NewConsole, answering, barriers_of
from tests.browser.test_troubles import REFUSED, answering_of, job, open_with, problem, task

MIXED = [
    task(0),
    task(1, status="failed", outcome="refused", error=REFUSED, progress_pct=100.0),
    task(2, status="completed", outcome="created", progress_pct=100.0, asset_id="asset_two"),
    task(3, status="skipped", outcome="skipped", progress_pct=100.0),
    task(4, status="pending", progress_pct=0.0),
    task(5, stages={"validation": "processing"}),
]
UNDER_WAY = job(total=6, pending=1, processing=2, processed=1, failed=1, skipped=1, remaining=3, tasks=MIXED)
ENDED = job(total=3, status="completed", processing=0, processed=1, failed=1, skipped=1, remaining=0, tasks=MIXED[1:4])


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("answer", "sign"), [(UNDER_WAY, ".drop.slim"), (ENDED, "[data-summary]")])
def test_upload_has_no_serious_barrier(
    new_console: NewConsole, project: str, scheme: str, answer: dict[str, Any], sign: str
) -> None:
    console = new_console(color_scheme=scheme, reduced_motion="reduce")
    page = open_with(console, project, answering(json=answer))
    page.locator(sign).wait_for()
    page.locator(".row").nth(2).wait_for()

    assert barriers_of(page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_trouble_and_the_dialog_out_of_it_have_no_serious_barrier(
    new_console: NewConsole, project: str, scheme: str
) -> None:
    console = new_console(color_scheme=scheme, reduced_motion="reduce")
    answers = itertools.chain([{"json": UNDER_WAY}], itertools.repeat(answering_of(problem(401, "expired_key"))))
    page = open_with(console, project, lambda route: route.fulfill(**next(answers)))
    page.locator(".notice.problem").wait_for()
    assert barriers_of(page) == []

    page.get_by_role("button", name="Sign in and go on").click()
    page.get_by_role("dialog").get_by_label("API key").fill("dk_wrong")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("alert").get_by_text("missing character").wait_for()

    assert barriers_of(page) == []
