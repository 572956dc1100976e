import secrets
from io import BytesIO

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from darkroom import Client
from tests.browser.conftest import Console, NewConsole
from tests.pictures import encoded, photo
from tools.bootstrap import bootstrap
from tools.stack import Stack, aws_of

VIEWS = ["upload", "gallery", "image", "compare", "quality", "duplicates", "settings"]
FIRST_VIEW_BYTES = 100_000


@pytest.fixture(scope="session")
def an_asset(stack: Stack, album: str) -> str:
    with Client(stack.api_url, stack.tenant_key) as client:
        job = next(client.list_jobs(album))
        tasks = list(client.list_tasks(job.job_id))
    return next(task.asset_id for task in tasks if task.filename.endswith("astronaut.jpg") and task.asset_id)


def path_of(view: str, album: str, asset: str) -> str:
    return f"{album}/{view}/{asset}" if view in {"image", "compare"} else f"{album}/{view}"


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_view_has_no_serious_barrier(
    new_console: NewConsole, album: str, an_asset: str, view: str, scheme: str
) -> None:
    page = new_console(color_scheme=scheme, reduced_motion="reduce").open(path_of(view, album, an_asset))
    page.locator("h1").wait_for()
    page.wait_for_load_state("networkidle")

    violations = Axe().run(page).response["violations"]

    assert [
        (found["id"], found["nodes"][0]["html"]) for found in violations if found["impact"] in {"serious", "critical"}
    ] == []


@pytest.mark.parametrize("view", VIEWS)
def test_view_fits_a_phone(new_console: NewConsole, album: str, an_asset: str, view: str) -> None:
    page = new_console(viewport={"width": 360, "height": 740}).open(path_of(view, album, an_asset))
    page.locator("h1").wait_for()
    page.wait_for_load_state("networkidle")

    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_first_view_weighs_little(console: Console) -> None:
    page = console.page()
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(len(answer.body())) if "/console" in answer.url else None)
    page.goto(f"{console.stack.api_url}/console")
    page.get_by_label("API key").fill(console.stack.tenant_key)
    page.keyboard.press("Enter")
    page.locator(".masthead").wait_for()
    page.wait_for_load_state("networkidle")

    assert 0 < sum(sizes) < FIRST_VIEW_BYTES


def test_key_is_never_in_the_address_nor_kept_beyond_the_tab(console: Console) -> None:
    page = console.open("demo/upload")

    assert console.stack.tenant_key not in page.url
    assert console.stack.tenant_key not in page.evaluate("JSON.stringify(localStorage)")


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
    page.wait_for_url("**sort=worst")
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


def test_another_tenant_sees_nothing(console: Console, stack: Stack, album: str, an_asset: str) -> None:
    console.expect("404")
    with aws_of(stack.aws_endpoint):
        other = bootstrap(stack.stack_name, stack.aws_endpoint, stack.region, f"other-{secrets.token_hex(4)}")
    page = console.open(f"{album}/gallery", key=other["tenant_key"])

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
