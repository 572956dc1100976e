import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Response, Route, expect

from darkroom import Client, upload_files
from tests.browser.conftest import (
    SCHEMES,
    Console,
    NewConsole,
    answering,
    barriers_of,
    consoles,
    held_back,
    new_files,
)
from tests.pictures import encoded, photo
from tools.screenshots import show
from tools.stack import Stack

VIEWS = ["projects", "upload", "gallery", "image", "compare", "quality", "duplicates", "settings"]
FIRST_VIEW_BYTES = 100_000
DIRECT_BYTES = 4_400_000
READABLE = 4.5
"""The least contrast of text, WCAG 2.2, success criterion 1.4.3."""


@pytest.fixture(scope="session")
def an_asset(stack: Stack, album: str) -> str:
    with Client(stack.api_url, stack.tenant_key) as client:
        job = next(client.list_jobs(album))
        tasks = list(client.list_tasks(job.job_id))
    return next(task.asset_id for task in tasks if task.filename.endswith("astronaut.jpg") and task.asset_id)


def path_of(view: str, album: str, asset: str) -> str:
    if view == "projects":
        return ""
    return f"{album}/{view}/{asset}" if view in {"image", "compare"} else f"{album}/{view}"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_signing_in_has_no_serious_barrier(new_console: NewConsole, stack: Stack, scheme: str) -> None:
    page = new_console(color_scheme=scheme, reduced_motion="reduce").page()
    page.goto(f"{stack.api_url}/console")
    page.locator("h1").wait_for()

    assert barriers_of(page) == []


@pytest.fixture(scope="module", params=SCHEMES)
def tour(request: pytest.FixtureRequest, stack: Stack, browser: Browser) -> Iterator[Page]:
    """A page from which an admin goes from view to view."""
    with consoles(stack, browser) as start:
        yield start(color_scheme=request.param, reduced_motion="reduce").open("", key=stack.admin_key)


@pytest.mark.parametrize("view", VIEWS)
def test_view_has_no_serious_barrier(tour: Page, album: str, an_asset: str, view: str) -> None:
    show(tour, path_of(view, album, an_asset))
    tour.locator("h1").wait_for()

    assert barriers_of(tour) == []


@pytest.fixture(scope="module")
def phone(stack: Stack, browser: Browser) -> Iterator[Page]:
    with consoles(stack, browser) as start:
        yield start(viewport={"width": 360, "height": 740}).open("", key=stack.admin_key)


@pytest.mark.parametrize("view", VIEWS)
def test_view_fits_a_phone(phone: Page, album: str, an_asset: str, view: str) -> None:
    show(phone, path_of(view, album, an_asset))

    assert phone.evaluate("document.documentElement.scrollWidth") <= 360


def test_first_view_weighs_little(console: Console) -> None:
    page = console.page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer) if "/console" in answer.url else None)
    page.goto(f"{console.stack.api_url}/console")
    page.get_by_label("API key").fill(console.stack.tenant_key)
    page.keyboard.press("Enter")
    page.locator("main[data-address]").wait_for()

    assert 0 < sum(len(answer.body()) for answer in answers) < FIRST_VIEW_BYTES


def test_key_is_never_in_the_address_nor_kept_beyond_the_tab(console: Console) -> None:
    page = console.open("demo/upload")

    assert console.stack.tenant_key not in page.url
    assert console.stack.tenant_key not in page.evaluate("JSON.stringify(localStorage)")


def test_project_is_found_again_until_someone_signs_out_and_by_no_other_tenant(
    console: Console, stack: Stack, album: str, stranger: dict[str, str]
) -> None:
    console.open(f"{album}/settings").close()
    again = sign_in(console, stack.tenant_key)
    expect(again.locator(f"main[data-address='#/{album}/upload']")).to_be_attached()

    other = sign_in(console, stranger["tenant_key"])
    expect(other.locator("main[data-address='']")).to_be_attached()
    again.get_by_role("button", name="Sign out").click()

    again.get_by_label("API key").wait_for()
    assert again.evaluate("Object.keys(localStorage)") == []


def sign_in(console: Console, key: str) -> Page:
    """A page that was asked for nothing in particular."""
    page = console.page()
    page.goto(f"{console.stack.api_url}/console")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    return page


def test_image_shows_scores_with_their_reasons_and_all_renditions(console: Console, album: str, an_asset: str) -> None:
    page = console.open(f"{album}/image/{an_asset}")

    expect(page.get_by_role("heading", level=1)).to_contain_text("astronaut.jpg")
    expect(page.get_by_text("counts 35 %")).to_be_visible()
    expect(page.get_by_role("link", name="Open zoom")).to_be_visible()
    expect(page.locator(".plate img")).to_have_js_property("complete", True)


def test_image_is_compared_with_a_file(console: Console, album: str, an_asset: str) -> None:
    page = console.open(f"{album}/compare/{an_asset}")
    page.set_input_files(
        "[data-choose=compare]",
        {"name": "other.jpg", "mimeType": "image/jpeg", "buffer": photo(seed=3, width=640, height=480)},
    )

    page.locator("[data-comparison]").wait_for()

    expect(page.get_by_role("row").nth(1)).to_contain_text("original")
    page.get_by_role("slider").press("ArrowRight")


def test_image_too_large_for_the_api_is_compared_by_way_of_s3(console: Console, album: str, an_asset: str) -> None:
    noise = np.random.default_rng(5).integers(0, 255, (1300, 1300, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), "PNG")
    page = console.open(f"{album}/compare/{an_asset}")
    sent: list[tuple[str, str]] = []
    page.on("request", lambda request: sent.append((request.method, urlsplit(request.url).path)))

    page.set_input_files("[data-choose=compare]", {"name": "large.png", "mimeType": "image/png", "buffer": content})
    page.locator("[data-comparison]").wait_for()

    assert len(content) > DIRECT_BYTES
    posted = [path for method, path in sent if method == "POST"]
    assert [path.rsplit("/", 1)[-1] for path in (posted[0], posted[2])] == ["grants", "compare"]
    assert "originals" in posted[1]
    expect(page.get_by_role("row").nth(1)).to_contain_text("Different")


def test_key_that_may_only_read_is_told_what_it_can_compare(console: Console, album: str, an_asset: str) -> None:
    console.context.route("**/v1/me", reading_only)
    page = console.open(f"{album}/compare/{an_asset}")

    page.set_input_files(
        "[data-choose=compare]", {"name": "large.png", "mimeType": "image/png", "buffer": bytes(DIRECT_BYTES + 1)}
    )

    expect(page.get_by_text("This key can compare images of up to 4.4 MB")).to_be_visible()


def reading_only(route: Route) -> None:
    route.fulfill(json=route.fetch().json() | {"scopes": ["read"]})


def test_gallery_looks_again_for_what_is_still_being_made(
    console: Console, album: str, an_asset: str, project: str
) -> None:
    console.context.add_init_script(
        "const wait = setTimeout; setTimeout = (f, ms, ...more) => wait(f, ms / 20, ...more);"
    )
    authorization = {"Authorization": f"Bearer {console.stack.tenant_key}"}
    made = httpx.get(f"{console.stack.api_url}/v1/assets/{an_asset}", headers=authorization, timeout=60).json()
    begun = made["stages"] | {"thumbnails": "processing"}
    ended = {"renditions": [], "stages": made["stages"] | {"thumbnails": "completed"}}
    answers = {
        "late": iter([made | {"renditions": [], "stages": begun}, made]),
        "none": iter([made | ended]),
    }
    listed = [made | {"asset_id": name, "thumbnail_url": None, "stages": begun} for name in answers]
    over = made | {"asset_id": "over", "thumbnail_url": None, "stages": ended["stages"]}
    page_of_them = {"assets": [*listed, over], "next_cursor": None}
    console.context.route(f"**/v1/projects/{project}/assets*", answering(json=page_of_them))
    console.context.route(
        "**/v1/assets/*", lambda route: route.fulfill(json=next(answers[route.request.url.rsplit("/", 1)[-1]]))
    )

    page = console.open(f"{project}/gallery")

    expect(page.locator("[data-asset=late] img")).to_have_js_property("complete", True)
    expect(page.locator("[data-asset=none]")).to_contain_text("No thumbnail")
    expect(page.locator("[data-asset=over]")).to_contain_text("No thumbnail")


def test_name_of_an_image_can_be_read_on_a_white_photo(console: Console, album: str) -> None:
    white = encoded(Image.new("RGB", (400, 300), "white"))
    console.context.route(re.compile("renditionsbucket"), answering(body=white, content_type="image/jpeg"))
    page = console.open(f"{album}/gallery")
    name = page.locator(".tile:has(img) .caption > span:first-child").first
    expect(page.locator(".tile img").first).to_have_js_property("naturalWidth", 400)

    name.evaluate("span => { span.style.color = 'transparent' }")
    behind = np.asarray(Image.open(BytesIO(name.screenshot())).convert("RGB")) / 255

    linear = np.where(behind <= 0.04045, behind / 12.92, ((behind + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert 1.05 / (luminance.max() + 0.05) >= READABLE


def test_thumbnail_whose_address_is_too_old_gets_another_each_time(console: Console, album: str) -> None:
    console.expect("403|Failed to load resource")
    console.context.route("**/too-old*", answering(status=403))
    page = console.open(f"{album}/gallery")
    image = page.locator(".tile img").first
    expect(image).not_to_have_js_property("naturalWidth", 0)

    for _ in range(2):
        image.evaluate("image => { image.src = new URL('too-old.jpg', image.src) }")
        expect(image).not_to_have_attribute("src", re.compile("too-old"))
        expect(image).not_to_have_js_property("naturalWidth", 0)


def test_image_that_the_browser_cannot_show_is_compared_without_a_slider(
    console: Console, album: str, an_asset: str
) -> None:
    page = console.open(f"{album}/compare/{an_asset}")
    file = {"name": "scan.tif", "mimeType": "image/tiff", "buffer": photo(seed=4, format="TIFF")}

    page.set_input_files("[data-choose=compare]", file)
    page.locator("[data-comparison]").wait_for()

    expect(page.locator(".wipe")).to_have_count(0)


@pytest.mark.parametrize("view", ["image", "compare"])
def test_endless_name_fits_a_phone(phone: Page, stack: Stack, album: str, an_asset: str, view: str) -> None:
    rename = "x_" * 100 + "\u202egpj.exe"
    phone.route("**/v1/assets/*", lambda route: route.fulfill(json=route.fetch().json() | {"filename": rename}))
    show(phone, f"{album}/{view}/{an_asset}?again")
    wide = [phone.evaluate("document.documentElement.scrollWidth")]
    if view == "image":
        phone.get_by_role("button", name="Delete").click()
        expect(phone.locator("#dialog-title")).to_have_text(f"Delete \u2068{rename}\u2069?")
        wide.append(phone.evaluate("dialog.scrollWidth - dialog.clientWidth + 360"))
        phone.keyboard.press("Escape")
    phone.unroute_all()

    assert max(wide) <= 360


def test_gallery_goes_on_with_another_key_when_its_own_has_expired(console: Console, album: str) -> None:
    console.expect("401")
    page = console.open(f"{album}/upload")
    expired = {"status": 401, "json": {"code": "expired_key", "detail": "The key has expired."}}
    page.route("**/assets?*", answering(**expired))
    page.evaluate("path => { location.hash = path }", f"#/{album}/gallery")
    field = page.get_by_role("dialog").get_by_label("API key")
    field.wait_for()
    page.unroute_all()

    field.fill(console.stack.admin_key)
    page.get_by_role("button", name="Go on", exact=True).click()

    expect(page.locator(".tile")).to_have_count(13)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_key_is_not_asked_for_again_when_one_declines(console: Console, album: str) -> None:
    console.expect("401")
    page = console.open(f"{album}/upload")
    page.route("**/assets?*", answering(status=401, json={"code": "expired_key", "detail": "The key has expired."}))
    page.evaluate("path => { location.hash = path }", f"#/{album}/gallery")
    page.get_by_role("dialog").wait_for()

    page.keyboard.press("Escape")

    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    page.wait_for_timeout(300)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_pictures_that_could_not_be_had_offline_come_when_the_line_is_back(console: Console, album: str) -> None:
    console.expect("Failed to load resource")
    page = console.open(f"{album}/upload")
    is_offline = re.compile("renditionsbucket|/v1/assets/")
    page.route(is_offline, lambda route: route.abort("internetdisconnected"))
    console.go(page, f"{album}/gallery")
    picture = page.locator(".tile img").first
    expect(picture).to_be_hidden()
    page.wait_for_timeout(100)
    page.unroute(is_offline)

    page.wait_for_function(
        """() => {
          dispatchEvent(new Event("online"));
          return document.querySelector(".tile img").naturalWidth > 0;
        }"""
    )
    expect(picture).to_be_visible()


@pytest.fixture
def shelf(console: Console, an_asset: str, project: str) -> list[str]:
    """A project of 150 images, in pages of fifty. Returns the pages that were asked for."""
    authorization = {"Authorization": f"Bearer {console.stack.tenant_key}"}
    made = httpx.get(f"{console.stack.api_url}/v1/assets/{an_asset}", headers=authorization).json()
    listed = [made | {"asset_id": f"a{n:03d}", "thumbnail_url": made["renditions"][0]["url"]} for n in range(150)]
    asked: list[str] = []

    def list_page(route: Route) -> None:
        asked.append(route.request.url)
        start = int(parse_qs(urlsplit(route.request.url).query).get("cursor", ["0"])[0])
        end = start + 50
        route.fulfill(json={"assets": listed[start:end], "next_cursor": str(end) if end < len(listed) else None})

    console.context.route(f"**/v1/projects/{project}/assets*", list_page)
    console.context.route(
        "**/v1/assets/*", lambda route: route.fulfill(json=made | {"asset_id": route.request.url.rsplit("/", 1)[-1]})
    )
    return asked


def open_far_down(page: Page) -> tuple[Locator, int]:
    """An image of the third page, by keyboard. Returns its tile, and how far down the gallery was."""
    tile = page.locator("[data-asset=a110]")
    while not tile.count():
        page.mouse.wheel(0, 2000)
        page.wait_for_timeout(50)
    tile.focus()
    far = page.evaluate("scrollY")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="astronaut.jpg").wait_for()
    return tile, far


@pytest.mark.parametrize("way", ["browser", "link"])
def test_way_back_from_an_image_leads_to_its_tile(console: Console, shelf: list[str], project: str, way: str) -> None:
    page = console.open(f"{project}/gallery?sort=best")
    tile, far = open_far_down(page)
    asked = len(shelf)

    if way == "browser":
        page.go_back()
    else:
        page.get_by_role("main").get_by_role("link", name="Gallery").click()

    expect(tile).to_be_focused()
    expect(tile).to_be_in_viewport()
    assert far > 2000
    assert abs(page.evaluate("scrollY") - far) < 50
    assert len(shelf) == asked


def test_way_back_from_a_deleted_image_leads_to_its_neighbour(console: Console, shelf: list[str], project: str) -> None:
    page = console.open(f"{project}/gallery")
    tile, _ = open_far_down(page)

    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(page.locator("[data-asset=a111]")).to_be_focused()
    expect(tile).to_have_count(0)


def test_gallery_is_read_anew_when_one_comes_from_elsewhere(console: Console, shelf: list[str], project: str) -> None:
    page = console.open(f"{project}/gallery")
    open_far_down(page)
    asked = len(shelf)

    console.go(page, f"{project}/upload")
    console.go(page, f"{project}/image/a001")
    page.get_by_role("main").get_by_role("link", name="Gallery").click()

    page.locator("[data-asset=a000]").wait_for()
    assert len(shelf) > asked
    assert page.evaluate("scrollY") == 0


def test_header_can_be_skipped_by_keyboard(console: Console, album: str) -> None:
    page = console.open(f"{album}/gallery")
    here = page.url

    page.get_by_role("link", name="Skip to the content").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("main")).to_be_focused()
    assert page.url == here


def test_everything_can_be_reached_by_keyboard(console: Console) -> None:
    page = console.open("demo/upload")
    page.get_by_role("button", name="Choose a folder").wait_for()
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent || document.activeElement.ariaLabel"))

    assert {
        "Skip to the content",
        "Darkroom",
        "Upload",
        "Gallery",
        "Settings",
        "Choose files",
        "Choose a folder",
    } <= reached


def test_gallery_is_filtered_and_sorted(console: Console, album: str) -> None:
    page = console.open(f"{album}/gallery")
    expect(page.locator(".tile")).to_have_count(13)

    page.get_by_label("Issue").select_option("blur")
    expect(page.locator(".tile")).to_have_count(1)
    expect(page.locator(".tile")).to_contain_text("coffee_blurred.jpg")

    page.get_by_label("Issue").select_option("")
    page.get_by_label("Sort", exact=True).select_option("worst")
    page.locator("main[data-address$='sort=worst']").wait_for()
    expect(page.locator(".tile")).to_have_count(13)
    scores = [float(text) for text in page.locator(".tile .caption .badge").all_inner_texts()]
    assert scores == sorted(scores)
    assert scores[0] < scores[-1]


def test_quality_shows_what_is_counted(console: Console, album: str) -> None:
    page = console.open(f"{album}/quality")

    expect(page.get_by_role("link", name="Blurred")).to_contain_text("1")
    expect(page.locator(".chart")).to_have_count(8)
    page.get_by_role("button", name="What would it do?").click()
    expect(page.get_by_text("Nothing was started")).to_be_visible()


def test_duplicates_are_deleted_but_for_the_one_that_is_kept(console: Console, stack: Stack, project: str) -> None:
    picture = Image.open(BytesIO(photo(seed=9)))
    files = {f"{quality}.jpg": encoded(picture, quality=quality) for quality in (95, 60)}
    page = console.open(f"{project}/upload")
    page.set_input_files(
        "[data-choose=files]",
        [{"name": name, "mimeType": "image/jpeg", "buffer": content} for name, content in files.items()],
    )
    page.locator("[data-summary]").wait_for()
    console.go(page, f"{project}/duplicates")
    expect(page.locator(".twin")).to_have_count(2)

    page.get_by_role("button", name="Delete the other one").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(page.locator(".twin")).to_have_count(1)
    console.go(page, f"{project}/gallery")
    expect(page.locator(".tile")).to_have_count(1)


def test_of_a_chain_only_what_is_near_the_kept_one_is_offered(console: Console, project: str) -> None:
    members = [
        {"asset_id": f"chain{n}", "filename": f"{n}.jpg", "perceptual_hash": f"{(1 << 9 * n) - 1:016x}",
         "is_best": n == 0, "overall_quality": 0.5, "thumbnail_url": None}
        for n in range(4)
    ]  # fmt: skip
    group = {"best": "chain0", "flagged_below": 10, "members": members, "is_whole": True}
    answer = answering(json={"groups": [group], "next_cursor": None})
    console.context.route(f"**/v1/projects/{project}/duplicates*", answer)
    page = console.open(f"{project}/duplicates")

    expect(page.get_by_role("button", name="Delete the other one")).to_be_visible()
    expect(page.locator("[data-note]")).to_have_text([
        "the best of these",
        "9 of 64 bits differ",
        "18 of 64 bits differ, so it stays",
        "27 of 64 bits differ, so it stays",
    ])  # fmt: skip

    page.get_by_label("Keep 1.jpg").check()

    expect(page.get_by_role("button", name="Delete the other 2")).to_be_visible()
    expect(page.locator("[data-note]").last).to_have_text("18 of 64 bits differ, so it stays")


def offer_twins(console: Console, project: str) -> Page:
    """Three images that look the same; the first is the one to keep."""
    twins = [
        {
            "asset_id": name,
            "filename": f"{name}.jpg",
            "thumbnail_url": None,
            "is_best": name == "best",
            "perceptual_hash": f"{n:016x}",
            "overall_quality": 0.5,
        }
        for n, name in enumerate(("best", "second", "third"))
    ]
    group = {"best": "best", "flagged_below": 10, "members": twins, "is_whole": True}
    console.context.route(
        f"**/v1/projects/{project}/duplicates*", answering(json={"groups": [group], "next_cursor": None})
    )
    console.context.route("**/v1/assets/*", answering(status=404, json={"status": 404, "code": "not_found"}))
    return console.open(f"{project}/duplicates")


def delete_others(page: Page) -> None:
    page.get_by_role("button", name="Delete the other 2").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()


def test_no_duplicate_is_deleted_when_the_one_to_keep_is_gone(console: Console, project: str) -> None:
    console.expect("404")
    page = offer_twins(console, project)

    delete_others(page)

    expect(page.get_by_role("alert")).to_contain_text("The one to keep is gone; choose another.")
    expect(page.locator(".twin")).to_have_count(3)


def test_duplicates_that_are_left_after_a_failure_are_counted_anew(console: Console, project: str) -> None:
    console.expect("404|503")
    page = offer_twins(console, project)
    console.context.route("**/v1/assets/best", answering(json={"renditions": [], "stages": {}}))
    console.context.route("**/v1/assets/second", answering(status=503, json={"status": 503, "code": "try_again"}))

    delete_others(page)

    expect(page.get_by_role("alert")).to_contain_text("That did not work")
    expect(page.locator(".twin")).to_have_count(2)
    expect(page.get_by_role("button", name="Delete the other one")).to_be_enabled()


def test_another_tenant_sees_nothing(console: Console, album: str, an_asset: str, stranger: dict[str, str]) -> None:
    console.expect("404")
    page = console.open(f"{album}/gallery", key=stranger["tenant_key"])

    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    console.go(page, f"{album}/image/{an_asset}")

    expect(page.get_by_text("This is not here")).to_be_visible()


def test_wrong_key_is_said_and_another_may_be_tried(console: Console) -> None:
    console.expect("401")
    page = console.page()
    page.goto(f"{console.stack.api_url}/console")
    page.get_by_label("API key").fill("dk_wrong")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("Look for a missing character.")
    page.get_by_label("API key").fill(console.stack.tenant_key)
    page.get_by_role("button", name="Sign in").click()

    page.locator(".masthead").wait_for()


def test_admin_makes_a_key_that_works_and_sees_what_every_tenant_uses(console: Console, album: str) -> None:
    page = console.open(f"{album}/settings", key=console.stack.admin_key)
    page.get_by_label("Label").fill("for the press")
    page.get_by_role("button", name="Make a key").click()

    key = page.locator(".notice code").inner_text()
    expect(page.get_by_role("region", name="API keys")).to_contain_text("for the press")
    expect(page.get_by_role("region", name="Usage")).to_contain_text("demo")
    console.open(f"{album}/gallery", key=key).locator(".tile").first.wait_for()


def test_projects_are_listed_and_begun(console: Console, album: str, project: str) -> None:
    page = console.open("")
    expect(page.get_by_role("link", name=album)).to_be_visible()
    page.get_by_label("Name").fill(project)
    page.get_by_role("button", name="Begin", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Upload")


def test_image_is_deleted_by_keyboard_alone(console: Console, stack: Stack, project: str, tmp_path: Path) -> None:
    with Client(stack.api_url, stack.tenant_key) as client:
        upload_files(client, new_files(tmp_path, 1), project)
    page = console.open(f"{project}/gallery?sort=oldest")
    page.locator(".tile").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete").press("Enter")
    expect(page.get_by_role("button", name="Keep")).to_be_focused()

    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Delete")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    assert page.url.endswith("sort=oldest")


def test_filter_is_changed_by_keyboard_without_losing_the_place(console: Console, album: str) -> None:
    page = console.open(f"{album}/gallery")
    sort = page.get_by_label("Sort", exact=True)
    sort.focus()

    for _ in range(3):  # at once: none may fall between the view that was and the one that is drawn
        page.keyboard.press("ArrowDown")

    expect(sort).to_have_value("worst")
    page.locator("main[data-address$='sort=worst']").wait_for()
    expect(sort).to_be_focused()


def test_view_whose_address_has_changed_again_is_not_drawn(console: Console, album: str) -> None:
    page = console.open(f"{album}/upload")
    styles = held_back(console.context, "**/views.css")
    page.evaluate(
        """async album => {
          const isTold = new Promise((tell) => addEventListener("hashchange", tell, { once: true }));
          location.hash = `#/${album}/gallery?sort=oldest`;
          await Promise.all([isTold, import(new URL("console/gallery.js", location))]);
          const main = document.querySelector("main");
          window.drawn = [];
          const note = () => drawn.push(main.querySelector("[name=sort]").value);
          new MutationObserver(note).observe(main, { childList: true });
          // Of all that the first view waits for only its style is missing; the news of this change comes after it.
          const again = () => (location.hash = `#/${album}/gallery?sort=worst`);
          document.querySelector("link[href$='views.css']").addEventListener("load", again, { capture: true });
        }""",
        album,
    )

    styles[0].continue_()

    page.locator("main[data-address$='sort=worst']").wait_for()
    assert page.evaluate("drawn") == ["worst"]


def test_chart_tells_its_numbers_by_arrow_keys(console: Console, album: str) -> None:
    page = console.open(f"{album}/quality")
    chart = page.locator(".chart").first

    chart.get_by_role("img").press("ArrowRight")

    expect(chart.locator("output")).to_contain_text("0.00–0.05")


def test_policy_of_the_page_lets_nothing_come_from_elsewhere(console: Console) -> None:
    console.expect("policy violated: img-src|Content Security Policy|left the machine: https://elsewhere.invalid")
    page = console.open("")

    with page.expect_console_message(lambda said: "policy violated" in said.text):
        page.evaluate("document.body.append(Object.assign(new Image(), { src: 'https://elsewhere.invalid/x.png' }))")
