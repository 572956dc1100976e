import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from darkroom import Client
from tests.browser.conftest import Console, NewConsole
from tests.pictures import photo
from tools.stack import Stack

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
