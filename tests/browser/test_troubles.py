"""When something is in the way, the page says what, in words of its own, and how to go on."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Console, answering, held_back, new_files

JOB = "job_01kdxxxxxxxxxxxxxxxxxxxxxx"
COUNTS: dict[str, Any] = {
    "job_id": JOB,
    "kind": "upload",
    "status": "processing",
    "total": 8,
    "pending": 0,
    "processing": 8,
    "processed": 0,
    "failed": 0,
    "skipped": 0,
    "remaining": 8,
    "progress_pct": 0.0,
    "eta_s": None,
    "poll_after_ms": 50,
    "seq": 1,
    "epoch": 1,
    "next_cursor": None,
}
FASTER = """const wait = setTimeout;
  const beat = setInterval;
  window.waits = [];
  setTimeout = (f, ms, ...more) => (waits.push(ms), wait(f, ms / 50, ...more));
  setInterval = (f, ms, ...more) => beat(f, ms / 50, ...more);"""
"""Fifty times; the waits that were asked for, in ms, are in `waits`."""
REFUSED = {"code": "truncated_image", "detail": "The file ends before the image does"}


def task(n: int, **changes: Any) -> dict[str, Any]:
    return {
        "task_id": f"t{n:05d}",
        "filename": f"{n:05d}.jpg",
        "status": "processing",
        "progress_pct": 20.0,
        "outcome": None,
        "asset_id": None,
        "thumbnail_url": None,
        "stages": {"validation": "completed", "thumbnails": "processing"},
        "error": None,
        "seq": 1,
    } | changes


def job(**changes: Any) -> dict[str, Any]:
    return COUNTS | {"tasks": [task(n) for n in range(8)]} | changes


def problem(status: int, code: str) -> dict[str, Any]:
    return {"status": status, "json": {"status": status, "code": code, "title": code, "detail": f"It is {code}."}}


def answering_of(found: dict[str, Any]) -> dict[str, Any]:
    return {"status": found["status"], "body": json.dumps(found["json"]), "content_type": "application/problem+json"}


NO_TICKET = problem(503, "try_again")


def open_with(
    console: Console, project: str, answer: Callable[[Route], None], ticket: dict[str, Any] = NO_TICKET
) -> Page:
    """The upload view of a project whose job answers so; without push, unless there is a ticket."""
    console.expect("Failed to load resource")
    console.context.route("**/v1/realtime/tickets", answering(**ticket))
    console.context.route(f"**/v1/projects/{project}/jobs", answering(json={"jobs": [COUNTS], "next_cursor": None}))
    console.context.route(f"**/v1/jobs/{JOB}*", answer)
    return console.open(f"{project}/upload")


def test_expired_session_is_said_and_can_be_left(console: Console, project: str) -> None:
    page = open_with(console, project, answering(**problem(410, "expired")))

    expect(page.get_by_text("This upload has expired")).to_be_visible()
    page.get_by_role("button", name="Start afresh").click()

    expect(page.get_by_text("Drop photos here, or a whole folder")).to_be_visible()


def test_key_that_expires_on_the_way_is_asked_for_and_the_job_goes_on(console: Console, project: str) -> None:
    keys: list[str | None] = []

    def answer(route: Route) -> None:
        keys.append(route.request.headers.get("authorization"))
        route.fulfill(**(answering_of(problem(401, "expired_key")) if len(keys) == 2 else {"json": job(seq=len(keys))}))

    page = open_with(console, project, answer)
    expect(page.get_by_text("Your key has stopped working")).to_be_visible()
    page.get_by_role("button", name="Sign in and go on").click()
    page.get_by_role("dialog").get_by_label("API key").fill(console.stack.admin_key)
    with page.expect_response(lambda response: JOB in response.url) as next_look:
        page.get_by_role("button", name="Go on", exact=True).click()

    assert next_look.value.ok
    assert keys[-1] == f"Bearer {console.stack.admin_key}"
    expect(page.get_by_text("Your key has stopped working")).to_have_count(0)


def test_five_polls_that_fail_in_a_row_are_told_until_one_succeeds(console: Console, project: str) -> None:
    console.context.add_init_script(FASTER)
    asked: list[str] = []
    failed: list[str] = []
    is_mended = False

    def answer(route: Route) -> None:
        if is_mended or not asked:
            asked.append(route.request.url)
            return route.fulfill(json=job())
        failed.append(route.request.url)
        return route.fulfill(**answering_of(problem(503, "try_again")))

    page = open_with(console, project, answer)
    expect(page.get_by_text("Darkroom does not answer")).to_be_visible()
    assert len(failed) >= 5

    is_mended = True
    page.get_by_role("button", name="Try now").click()

    expect(page.get_by_text("Darkroom does not answer")).to_have_count(0)


def test_polls_that_fail_are_further_and_further_apart(console: Console, project: str) -> None:
    console.context.add_init_script(FASTER)
    polls = iter([{"json": job()}])
    page = open_with(
        console, project, lambda route: route.fulfill(**next(polls, answering_of(problem(503, "try_again"))))
    )
    expect(page.get_by_text(re.compile(r"^([7-9]|\d\d+) attempts in a row"))).to_be_visible()

    waits = page.evaluate("waits.filter((ms) => ms > 500).slice(0, 7)")

    longest = [1000, 2000, 4000, 8000, 16_000, 32_000, 32_000]
    assert [0.75 * most <= wait <= most for wait, most in zip(waits, longest, strict=True)] == [True] * 7


def test_page_of_somebody_else_in_place_of_an_answer_does_not_end_the_watching(console: Console, project: str) -> None:
    console.context.add_init_script(FASTER)
    tasks = [task(n, status="completed", outcome="created", progress_pct=100.0, seq=2) for n in range(8)]
    ended = job(status="completed", processing=0, processed=8, remaining=0, progress_pct=100.0, seq=2, tasks=tasks)
    answers = iter([{"json": job()}, {"body": "<p>Sign in to this network", "content_type": "text/html"}])

    page = open_with(console, project, lambda route: route.fulfill(**next(answers, {"json": ended})))

    expect(page.locator("[data-summary] h2")).to_have_text("Done: 8 added")


def test_key_that_may_not_look_is_told_of_and_not_tried_again_by_itself(console: Console, project: str) -> None:
    console.context.add_init_script(FASTER)
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(**answering_of(problem(403, "missing_scope")))

    page = open_with(console, project, answer)

    expect(page.get_by_text("It is missing_scope.")).to_be_visible()
    page.wait_for_timeout(200)
    assert len(asked) == 1
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("It is missing_scope.")).to_be_visible()
    assert len(asked) == 2


def test_upload_at_work_that_cannot_be_looked_for_is_no_empty_view(console: Console, project: str) -> None:
    page = open_with(console, project, answering(json=job(poll_after_ms=5000)))
    console.context.route(f"**/v1/projects/{project}/jobs", answering(**problem(403, "missing_scope")))
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.get_by_text("It is missing_scope.")).to_be_visible()
    expect(page.get_by_text("Drop photos here")).to_have_count(0)

    console.context.route(f"**/v1/projects/{project}/jobs", answering(json={"jobs": [COUNTS], "next_cursor": None}))
    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".row")).to_have_count(8)


def test_cancelling_that_worked_is_not_called_a_failure_when_the_look_after_it_fails(
    console: Console, project: str
) -> None:
    answers = iter([{"json": job(poll_after_ms=600_000)}])
    page = open_with(
        console, project, lambda route: route.fulfill(**next(answers, answering_of(problem(503, "try_again"))))
    )
    console.context.route(f"**/v1/jobs/{JOB}/cancel", answering(json={"job_id": JOB, "status": "cancelled"}))

    with page.expect_response(lambda response: response.status == 503 and JOB in response.url):
        page.get_by_role("button", name="Cancel").click()

    page.wait_for_timeout(100)
    expect(page.get_by_role("button", name="Cancelling…")).to_be_visible()
    expect(page.get_by_text("That did not work")).to_have_count(0)


def test_task_that_began_just_before_the_cancel_is_skipped_as_the_counters_say(console: Console, project: str) -> None:
    tasks = [task(0), *(task(n, status="skipped", outcome="skipped") for n in range(1, 8))]
    cancelled = job(status="cancelled", processing=0, skipped=8, remaining=0, tasks=tasks)

    page = open_with(console, project, answering(json=cancelled))

    expect(page.locator("[data-summary] h2")).to_have_text("Cancelled: 8 skipped")
    expect(page.locator("[data-task=t00000]")).to_contain_text("Skipped")


def test_upload_that_began_is_not_lost_to_one_found_later(console: Console, project: str, tmp_path: Path) -> None:
    late = held_back(console.context, f"**/v1/projects/{project}/jobs")
    page = console.page()
    page.goto(f"{console.stack.api_url}/console#/{project}/upload")
    page.get_by_label("API key").fill(console.stack.tenant_key)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Drop photos here").wait_for()
    page.set_input_files("[data-choose=files]", new_files(tmp_path, 1))
    page.locator("[data-summary]").wait_for()

    late[0].fulfill(json={"jobs": [COUNTS], "next_cursor": None})
    page.locator("main[aria-busy=false]").wait_for()
    console.go(page, f"{project}/settings")
    console.go(page, f"{project}/upload")

    expect(page.locator("[data-summary] h2")).to_have_text("Done: 1 added")


def test_quality_job_that_was_started_is_not_lost_to_the_one_before_it(console: Console, project: str) -> None:
    late = held_back(console.context, "**/analytics/quality-progress")
    begun = COUNTS | {"kind": "quality"}
    console.context.route("**/analytics/start-quality-job?*", answering(json={"job_id": JOB}))
    console.context.route("**/v1/realtime/tickets", answering(**NO_TICKET))
    console.context.route(f"**/v1/jobs/{JOB}*", answering(json=begun))
    console.expect("Failed to load resource")
    page = console.open(f"{project}/settings")
    page.evaluate("path => { location.hash = path }", f"#/{project}/quality")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("progressbar").wait_for()

    late[0].fulfill(json=begun | {"job_id": JOB.replace("x", "w"), "status": "completed"})
    page.locator(f"main[data-address='#/{project}/quality']").wait_for()

    expect(page.get_by_role("progressbar")).to_be_visible()


def test_job_in_which_everything_failed_says_so_once(console: Console, project: str) -> None:
    tasks = [task(n, status="failed", outcome="refused", error=REFUSED, progress_pct=100.0) for n in range(8)]
    ended = job(status="completed", processing=0, failed=8, remaining=0, progress_pct=100.0, tasks=tasks)

    page = open_with(console, project, answering(json=ended))

    expect(page.get_by_text("All 8 files failed")).to_be_visible()
    expect(page.get_by_text("it was cut short").first).to_be_visible()
    expect(page.get_by_role("button", name="Choose other files")).to_be_visible()


def test_summary_is_of_all_files_though_the_end_of_the_job_is_heard_of_first(console: Console, project: str) -> None:
    end = {"status": "completed", "processing": 0, "processed": 8, "remaining": 0, "progress_pct": 100.0, "seq": 2}
    last = [task(n, status="completed", outcome="created", progress_pct=100.0, seq=2) for n in range(8)]
    answers = iter([job()])
    news = {"type": "events", "job_id": JOB, "after": 1, "seq": 2, "events": [{"job": COUNTS | end}]}
    console.context.route_web_socket(
        re.compile("ticket=one"), lambda socket: socket.on_message(lambda _: socket.send(json.dumps(news)))
    )

    page = open_with(
        console,
        project,
        lambda route: route.fulfill(json=next(answers, job(**end, tasks=last))),
        {"json": {"url": f"{console.stack.api_url.replace('http', 'ws', 1)}?ticket=one"}},
    )

    expect(page.locator("[data-summary] h2")).to_have_text("Done: 8 added")


def test_files_that_come_while_an_upload_goes_on_wait_for_its_end(console: Console, project: str) -> None:
    late = {"name": "late.jpg", "mimeType": "image/jpeg", "buffer": b"late"}
    known = late | {"name": "00000.jpg"}
    ended = job(
        status="completed",
        processing=0,
        processed=8,
        remaining=0,
        progress_pct=100.0,
        seq=2,
        tasks=[task(n, status="completed", outcome="created", progress_pct=100.0, seq=2) for n in range(8)],
    )
    answers = [job()]
    page = open_with(console, project, lambda route: route.fulfill(json=answers[-1]))
    page.locator(".row").first.wait_for()

    page.set_input_files("[data-choose=files]", [known])
    expect(page.get_by_text("All of these are in this upload already.")).to_be_visible()
    page.set_input_files("[data-choose=files]", [known, late])
    waiting = page.get_by_role("alert").filter(has_text="1 file remains to be uploaded")
    expect(waiting).to_contain_text("late.jpg\u2069. One upload at a time")
    answers.append(ended)
    expect(waiting.get_by_role("button", name="Upload the remaining 1")).to_be_visible()

    page.get_by_role("button", name="Clear").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep").click()
    expect(waiting).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("dialog").get_by_role("button", name="Leave them out").click()
    expect(page.get_by_text("Drop photos here, or a whole folder")).to_be_visible()


def test_ten_thousand_files_are_a_few_rows_at_a_time(console: Console, project: str) -> None:
    many = job(
        total=10_000, processing=10_000, remaining=10_000, poll_after_ms=5000, tasks=[task(n) for n in range(10_000)]
    )
    page = open_with(console, project, answering(json=many))
    page.locator(".row").first.wait_for()

    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    page.locator("[data-task=t05000]").wait_for()
    drawn = page.evaluate(
        """async () => {
          let drawn = 0;
          const count = (changes) => changes.forEach(({ addedNodes }) => (drawn += addedNodes.length));
          new MutationObserver(count).observe(document.querySelector(".rows"), { childList: true });
          for (let n = 0; n < 20; n++) {
            scrollBy(0, 3000);
            await new Promise(requestAnimationFrame);
          }
          return drawn;
        }"""
    )

    assert page.locator(".row").count() < 60
    assert 0 < drawn < 20 * 60
