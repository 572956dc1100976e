"""Signing in again, the address, and leaving a view."""

import itertools
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Console, answering
from tests.browser.test_troubles import COUNTS, JOB, NO_TICKET, answering_of, job, open_with, problem


def test_key_of_another_tenant_shows_nothing_of_the_former(
    console: Console, project: str, stranger: dict[str, str]
) -> None:
    own = f"Bearer {console.stack.tenant_key}"
    answers = itertools.chain([{"json": job()}], itertools.repeat(answering_of(problem(401, "expired_key"))))
    page = open_with(console, project, lambda route: route.fulfill(**next(answers)))
    console.context.route(
        f"**/v1/projects/{project}/jobs",
        lambda route: (
            route.fulfill(json={"jobs": [], "next_cursor": None})
            if route.request.headers["authorization"] != own
            else route.fallback()
        ),
    )
    page.get_by_role("button", name="Sign in and go on").click()
    page.get_by_role("dialog").get_by_label("API key").fill(stranger["tenant_key"])
    page.get_by_role("button", name="Go on", exact=True).click()

    expect(page.get_by_role("button", name="Sign out of other")).to_be_visible()
    expect(page.get_by_text("Drop photos here")).to_be_visible()
    expect(page.locator(".row")).to_have_count(0)
    expect(page.locator(".notice")).to_have_count(0)


def test_who_does_not_sign_in_again_stays_and_may_do_so_later(console: Console, project: str) -> None:
    console.expect("401")
    page = console.open("")
    console.context.route(f"**/v1/projects/{project}/duplicates*", answering(**problem(401, "expired_key")))
    page.evaluate("path => { location.hash = path }", f"#/{project}/duplicates")

    page.get_by_role("dialog").get_by_role("button", name="Not now").click()
    expect(page.get_by_role("alert")).to_contain_text("It is expired_key.")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    page.get_by_role("button", name="Try again").click()
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert")).to_contain_text("It is expired_key.")


def test_gallery_goes_on_with_the_new_key(console: Console, project: str) -> None:
    console.expect("401")
    asset = {"filename": "a.jpg", "thumbnail_url": None, "stages": {"thumbnails": "completed"}, "quality": None}
    many = [asset | {"asset_id": f"asset_{n}"} for n in range(60)]
    answers = iter(
        [
            {"json": {"assets": many, "next_cursor": "60"}},
            answering_of(problem(401, "expired_key")),
            {"json": {"assets": [asset | {"asset_id": "asset_60"}], "next_cursor": None}},
        ]
    )
    console.context.route(f"**/v1/projects/{project}/assets*", lambda route: route.fulfill(**next(answers)))
    page = console.open(f"{project}/gallery")

    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.get_by_role("dialog").get_by_label("API key").fill(console.stack.tenant_key)
    page.get_by_role("button", name="Go on", exact=True).click()

    expect(page.locator(".tile")).to_have_count(61)
    expect(page.locator(".notice")).to_have_count(0)


def test_page_that_could_not_begin_tries_again_with_the_key_it_has(console: Console, project: str) -> None:
    console.expect("503")
    page = console.open(f"{project}/upload")
    console.context.route("**/v1/me", answering(**problem(503, "try_again")))
    page.reload()

    page.get_by_role("link", name="All projects").click()
    page.get_by_role("button", name="Try again").wait_for()
    console.context.unroute("**/v1/me")
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Projects")


@pytest.mark.parametrize("path", ["..%2f..%2fpurge/quality", "%2e%2e/gallery", "album/image/..%2f..%2fprojects"])
def test_address_reaches_no_other_route(console: Console, path: str) -> None:
    page = console.open("")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path.split("/v1/")[-1]))

    page.evaluate("path => { location.hash = path }", f"#/{path}")

    page.wait_for_url("**/console#/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Projects")
    assert {path for path in asked if "console" not in path} <= {"projects"}


def test_view_that_failed_watches_no_job(console: Console, project: str) -> None:
    console.expect("400|503")
    polls: list[str] = []

    def answer(route: Route) -> None:
        polls.append(route.request.url)
        route.fulfill(json=job())

    console.context.route("**/v1/realtime/tickets", answering(**NO_TICKET))
    console.context.route(f"**/v1/projects/{project}/analytics/quality-progress", answering(json=COUNTS))
    console.context.route(f"**/v1/jobs/{JOB}*", answer)
    console.context.route(f"**/v1/projects/{project}/statistics", answering(**problem(400, "invalid_request")))

    page = console.open(f"{project}/quality")
    page.get_by_role("button", name="Try again").wait_for()
    before = len(polls)
    page.wait_for_timeout(500)

    assert len(polls) == before


def test_view_that_was_left_before_it_was_complete_takes_no_files(console: Console, project: str) -> None:
    console.expect("ERR_FAILED")
    begun: list[str] = []
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page = console.open("")
    page.on("request", lambda request: begun.append(request.url) if request.url.endswith("/v1/uploads") else None)
    console.context.route(f"**/v1/projects/{project}/jobs", hold)
    page.evaluate("path => { location.hash = path }", f"#/{project}/upload")
    page.get_by_text("Drop photos here").wait_for()

    console.go(page, f"{project}/gallery")
    page.evaluate("""() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["light"], "photo.jpg"));
      dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
    }""")

    page.wait_for_timeout(300)
    for route in held:
        route.abort()
    assert begun == []
