"""Files on their way to S3: what begins an upload, what holds it up, and how it goes on."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Console, answering, holding
from tests.browser.test_troubles import FASTER, JOB, NO_TICKET, answering_of, job, problem, task

FILES = 8
AT_ONCE = 6
ARRIVED = "Arrived, waits for its turn"


def choose(page: Page, *names: str) -> None:
    page.set_input_files(
        "[data-choose=files]", [{"name": name, "mimeType": "image/jpeg", "buffer": b"image"} for name in names]
    )


def grant(console: Console) -> dict[str, Any]:
    return {"url": f"{console.stack.api_url}/s3", "fields": {}, "expires_at": "2099-01-01T00:00:00Z"}


def begin(console: Console, project: str, s3: Callable[[Route], None]) -> Page:
    """An upload of some files whose tasks all wait, with an S3 that answers so."""
    console.expect("Failed to load resource")
    tasks = [task(n, status="pending", stages={}) for n in range(FILES)]
    uploads = [found | {"upload": grant(console)} for found in tasks]
    console.context.route("**/v1/realtime/tickets", answering(**NO_TICKET))
    console.context.route("**/v1/uploads", answering(status=201, json={"job_id": JOB, "uploads": uploads}))
    console.context.route(f"**/v1/jobs/{JOB}*", answering(json=job(tasks=tasks, poll_after_ms=5000)))
    console.context.route("**/s3", s3)
    page = console.open(f"{project}/upload")
    choose(page, *(found["filename"] for found in tasks))
    return page


def test_upload_without_an_image_may_be_begun_again(console: Console, project: str) -> None:
    page = console.open(f"{project}/upload")

    choose(page, "notes.txt")

    expect(page.get_by_text("1 file was left out")).to_be_visible()
    expect(page.get_by_text("Drop photos here")).to_be_visible()


def test_upload_that_is_refused_says_what_is_wrong_and_may_be_begun_again(console: Console, project: str) -> None:
    console.expect("422")
    wrong = {"loc": ["body", "project"], "code": "invalid", "detail": "It is reserved."}
    refused = {"code": "invalid_request", "detail": "Some fields are wrong.", "errors": [wrong]}
    console.context.route("**/v1/uploads", answering(status=422, json=refused))
    page = console.open(f"{project}/upload")

    choose(page, "a.jpg")

    expect(page.get_by_text("Project: It is reserved.")).to_be_visible()
    expect(page.get_by_text("Drop photos here")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_second_choice_while_an_upload_begins_opens_no_second_session(console: Console, project: str) -> None:
    console.expect("422")
    opened: list[Route] = []
    console.context.route("**/v1/uploads", holding(opened))
    page = console.open(f"{project}/upload")

    with page.expect_request("**/v1/uploads"):
        choose(page, "a.jpg")
    choose(page, "b.jpg")

    expect(page.get_by_text("Preparing the upload…")).to_be_visible()
    assert [route.request.post_data_json["files"][0]["filename"] for route in opened] == ["a.jpg"]


def test_files_wait_while_the_key_does_not_work_and_go_on_with_another(console: Console, project: str) -> None:
    fresh = {"uploads": [{"task_id": f"t{n:05d}", "upload": grant(console)} for n in range(FILES)]}
    good = f"Bearer {console.stack.admin_key}"
    console.context.route(
        "**/grants",
        lambda route: route.fulfill(
            **{"json": fresh}
            if route.request.headers["authorization"] == good
            else answering_of(problem(401, "expired_key"))
        ),
    )
    held: list[Route] = []
    page = begin(console, project, holding(held))
    expect(page.get_by_text("Uploading, ")).to_have_count(AT_ONCE)
    console.context.route("**/s3", answering(status=204))
    for route in held:
        route.fulfill(status=403)
    expect(page.get_by_text("It is expired_key.")).to_be_visible()
    expect(page.locator(".row", has_text="Queued")).to_have_count(FILES)

    page.get_by_role("button", name="Sign in and go on").click()
    page.get_by_role("dialog").get_by_label("API key").fill(console.stack.admin_key)
    page.get_by_role("button", name="Go on", exact=True).click()

    expect(page.get_by_text(ARRIVED)).to_have_count(FILES)


def test_files_go_on_when_cancelling_did_not_work(console: Console, project: str) -> None:
    held: list[Route] = []
    page = begin(console, project, holding(held))
    console.context.route(f"**/v1/jobs/{JOB}/cancel", answering(**problem(403, "missing_scope")))
    expect(page.get_by_text("Uploading, ")).to_have_count(AT_ONCE)
    console.context.route("**/s3", answering(status=204))

    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_text("That did not work")).to_be_visible()
    expect(page.get_by_text(ARRIVED)).to_have_count(FILES)


def test_file_that_does_not_move_is_sent_again(console: Console, project: str) -> None:
    console.context.add_init_script(FASTER)
    held: list[Route] = []

    def hold_first(route: Route) -> None:
        if held:
            return route.fulfill(status=204)
        return held.append(route)

    page = begin(console, project, hold_first)

    expect(page.get_by_text(ARRIVED)).to_have_count(FILES)
