import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Console, Gate, NewConsole, holding, new_files
from tests.pictures import photo
from tools.demo_photos import EXPECTED

READ = """() => {
  const track = document.querySelector('[role=progressbar]');
  return track ? [Number(track.getAttribute('aria-valuenow')), track.getAttribute('aria-valuetext')] : null;
}"""


def choose(page: Page, paths: list[Path]) -> None:
    page.set_input_files("[data-choose=files]", paths)


def follow(page: Page) -> list[tuple[float, int, int]]:
    """(percent, ended, total), as often as the page shows something else, until the job has ended."""
    seen: list[tuple[float, int, int]] = []
    has_ended = False
    while not has_ended:
        has_ended = page.locator("[data-summary]").count() > 0
        found = page.evaluate(READ)
        if found:
            ended, total = (int(found[1].split(", ")[0].split(" of ")[n].replace(",", "")) for n in (0, 1))
            if not seen or seen[-1] != (found[0], ended, total):
                seen.append((found[0], ended, total))
        page.wait_for_timeout(50)
    return seen


def test_folder_of_good_and_bad_files_ends_with_a_picture_or_a_reason_for_each(
    console: Console, photos: Path, project: str
) -> None:
    page = console.open(f"{project}/upload")
    page.set_input_files("[data-choose=folder]", photos)

    percents, counts, totals = zip(*follow(page), strict=True)

    assert set(totals) == {len(EXPECTED)}
    assert sorted(percents) == list(percents)
    assert sorted(counts) == list(counts)
    assert max(percents) <= 100
    expect(page.locator("[data-summary] h2")).to_have_text("Done: 13 added, 1 already here, 4 failed")
    expect(page.locator("[role=progressbar]")).to_have_attribute("aria-valuenow", "100")
    page.get_by_role("button", name="Failed 4").click()
    expect(page.locator("[data-kind=failed]")).to_have_count(4)
    expect(
        page.locator("[data-kind=failed]").get_by_text("It has 50,000 pixels; 30,000 pixels is the limit.")
    ).to_be_visible()
    page.get_by_role("button", name="Done 14").click()
    page.locator("[data-kind=done] img").first.wait_for()


def drop(page: Page, path: Path) -> None:
    """As the desktop does it: a file or a folder is let go over the page."""
    session = page.context.new_cdp_session(page)
    held = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 400, "data": held})


def test_folder_that_is_dropped_is_walked_through(console: Console, tmp_path: Path, project: str) -> None:
    new_files(tmp_path / "roll", 2)
    (tmp_path / "roll" / "inner").mkdir()
    (tmp_path / "roll" / "inner" / "deep.jpg").write_bytes(photo(seed=8))
    page = console.open(f"{project}/upload")
    page.get_by_text("Drop photos here").wait_for()

    drop(page, tmp_path / "roll")
    page.locator("[data-summary]").wait_for()

    expect(page.locator("[data-summary] h2")).to_have_text("Done: 3 added")
    assert page.locator(".row-name").all_text_contents() == [
        "roll/000.jpg",
        "roll/001.jpg",
        "roll/inner/deep.jpg",
    ]


def test_file_that_is_dropped_is_uploaded(console: Console, tmp_path: Path, project: str) -> None:
    page = console.open(f"{project}/upload")
    page.get_by_text("Drop photos here").wait_for()

    drop(page, new_files(tmp_path, 1)[0])
    page.locator("[data-summary]").wait_for()

    expect(page.locator("[data-summary] h2")).to_have_text("Done: 1 added")


def test_file_that_is_no_image_by_name_is_left_out_and_said_so(console: Console, tmp_path: Path, project: str) -> None:
    (tmp_path / "notes.txt").write_text("Remember the milk")
    page = console.open(f"{project}/upload")

    choose(page, [tmp_path / "notes.txt", *new_files(tmp_path / "good", 1)])
    page.locator("[data-summary]").wait_for()

    expect(page.get_by_text("1 file was left out")).to_be_visible()
    expect(page.locator(".tally-number")).to_have_text("1 / 1")


@pytest.mark.parametrize(
    ("answer", "fitting"),
    [({"status": 422, "json": {"code": "too_many_files", "limit": 3}}, 3), ({"status": 413, "json": {}}, 2)],
    ids=["the API names a number", "the request is too large"],
)
def test_files_too_many_for_one_session_wait_and_follow_in_another(
    console: Console, tmp_path: Path, project: str, answer: dict[str, Any], fitting: int
) -> None:
    console.expect(str(answer["status"]))
    page = console.open(f"{project}/upload")

    def take_few(route: Route) -> None:
        is_too_large = len(route.request.post_data_json["files"]) > fitting
        return route.fulfill(**answer) if is_too_large else route.fallback()

    page.route("**/v1/uploads", take_few)
    choose(page, new_files(tmp_path, 5))
    expect(page.get_by_text(f"{5 - fitting} files remain to be uploaded")).to_be_visible()
    expect(page.get_by_text(f"From \u206800{fitting}.jpg\u2069 to \u2068004.jpg\u2069.")).to_be_visible()
    page.locator("[data-summary]").wait_for()
    expect(page.locator(".row-name")).to_have_count(fitting)
    page.unroute("**/v1/uploads")
    page.get_by_role("button", name=f"Upload the remaining {5 - fitting}").click()

    expect(page.get_by_text("to be uploaded")).to_have_count(0)
    expect(page.locator("[data-summary] h2")).to_have_text(f"Done: {5 - fitting} added")
    expect(page.locator(".row-name").first).to_have_text(f"00{fitting}.jpg")


def test_upload_that_could_not_begin_says_so_and_is_tried_again_once(
    console: Console, tmp_path: Path, project: str
) -> None:
    console.expect("503")
    page = console.open(f"{project}/upload")
    asked: list[str] = []

    def refuse_first(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            return route.fallback()
        return route.fulfill(status=503, json={"code": "try_again", "detail": "It is busy."})

    page.route("**/v1/uploads", refuse_first)
    choose(page, new_files(tmp_path, 2))
    expect(page.get_by_role("alert")).to_contain_text("It is busy.")
    expect(page.get_by_text("Preparing")).to_have_count(0)
    expect(page.get_by_text("Drop photos here")).to_be_visible()

    page.get_by_role("button", name="Try again").dblclick()

    expect(page.locator("[data-summary] h2")).to_have_text("Done: 2 added")
    assert len(asked) == 2


def test_upload_that_is_being_prepared_is_found_again_by_who_looked_elsewhere_meanwhile(
    console: Console, tmp_path: Path, project: str
) -> None:
    page = console.open(f"{project}/upload")
    held: list[Route] = []
    page.route("**/v1/uploads", holding(held))
    choose(page, new_files(tmp_path, 2))
    page.get_by_text("Preparing 2 files…").wait_for()

    console.go(page, f"{project}/gallery")
    page.go_back()
    expect(page.get_by_text("Preparing the upload…")).to_be_visible()
    held[0].fallback()

    expect(page.locator("[data-summary] h2")).to_have_text("Done: 2 added")
    assert len(held) == 1


def test_signing_out_in_the_middle_of_an_upload_is_asked_about(console: Console, tmp_path: Path, project: str) -> None:
    console.expect("WebSocket is closed before")
    page = console.open(f"{project}/upload")
    held: list[Route] = []
    page.route(re.compile("originalsbucket"), holding(held))
    choose(page, new_files(tmp_path, 1))
    page.locator("[role=progressbar]").wait_for()
    out = page.get_by_role("button", name="Sign out of")

    out.click()
    page.get_by_role("dialog").get_by_role("button", name="Keep").click()
    expect(page.locator("[role=progressbar]")).to_be_visible()
    out.click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out").click()

    expect(page.get_by_label("API key")).to_be_visible()


def test_cancelled_upload_adds_up(console: Console, tmp_path: Path, project: str) -> None:
    page = console.open(f"{project}/upload")
    Gate(page, free=20)
    choose(page, new_files(tmp_path, 60))

    page.get_by_role("button", name="Cancel").click()
    page.locator("[data-summary]").wait_for()

    expect(page.locator("[data-summary] h2")).to_contain_text("Cancelled")
    expect(page.locator(".tally-number")).to_have_text("60 / 60")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_upload_goes_on_where_it_was_after_the_page_was_loaded_again(
    console: Console, tmp_path: Path, project: str
) -> None:
    files = new_files(tmp_path, 40)
    page = console.open(f"{project}/upload")
    gate = Gate(page, free=20)
    choose(page, files)
    page.locator("[role=progressbar]").wait_for()

    page.reload()
    gate.open()
    # Files that had not left the page yet are asked for.
    page.get_by_role("heading", name="not arrived yet").wait_for()
    choose(page, files)
    page.locator("[data-summary]").wait_for()

    expect(page.locator(".tally-number")).to_have_text("40 / 40")
    expect(page.locator("[data-summary] h2")).to_have_text("Done: 40 added")


def test_another_browser_finds_the_upload_that_is_at_work(
    new_console: NewConsole, tmp_path: Path, project: str
) -> None:
    first = new_console().open(f"{project}/upload")
    gate = Gate(first, free=10)
    choose(first, new_files(tmp_path, 30))
    first.locator("[role=progressbar]").wait_for()

    other = new_console().open(f"{project}/upload")
    other.locator("[role=progressbar]").wait_for()
    gate.open()
    first.locator("[data-summary]").wait_for()
    other.locator("[data-summary]").wait_for()

    expect(other.locator(".tally-number")).to_have_text("30 / 30")


def test_grant_that_s3_does_not_take_any_more_is_renewed(console: Console, tmp_path: Path, project: str) -> None:
    console.expect("403")
    page = console.open(f"{project}/upload")
    refused: list[str] = []

    def refuse_once(route: Route) -> None:
        if refused or route.request.method != "POST":
            route.fallback()
            return
        refused.append(route.request.url)
        route.fulfill(status=403, body="<Error><Code>AccessDenied</Code></Error>")

    page.route(re.compile("originalsbucket"), refuse_once)
    with page.expect_request("**/grants") as renewal:
        choose(page, new_files(tmp_path, 3))
    page.locator("[data-summary]").wait_for()

    assert len(renewal.value.post_data_json["task_ids"]) >= 1
    assert refused
    expect(page.locator("[data-summary] h2")).to_have_text("Done: 3 added")
