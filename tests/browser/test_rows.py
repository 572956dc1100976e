import itertools

from playwright.sync_api import Route, expect

from tests.browser.conftest import Console
from tests.browser.test_troubles import job, open_with, task


def test_rows_are_in_the_order_of_the_list_and_keep_the_focus_while_they_change(console: Console, project: str) -> None:
    numbers = itertools.count(1)

    def answer(route: Route) -> None:
        seq = next(numbers)
        tasks = [task(n, asset_id=f"asset_{n}", progress_pct=20.0 + seq % 50, seq=seq) for n in range(300)]
        route.fulfill(json=job(total=300, processing=300, remaining=300, seq=seq, poll_after_ms=200, tasks=tasks))

    page = open_with(console, project, answer)
    page.locator(".row").first.wait_for()
    for top in (6000, 5500):
        page.evaluate("top => scrollTo(0, top)", top)
        page.wait_for_timeout(100)

    shown = page.locator(".row").evaluate_all("rows => rows.map((row) => Number(row.ariaPosInSet))")
    assert shown == sorted(shown)

    row = page.locator(f".row[aria-posinset='{shown[10]}']")
    row.get_by_role("link").focus()
    before = row.inner_text()
    expect(row).not_to_have_text(before)
    expect(row.get_by_role("link")).to_be_focused()
