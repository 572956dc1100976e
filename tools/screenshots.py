"""Pictures of every view of the console, light, dark and as on a phone: `make screenshots`."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from darkroom import Client, upload_files
from tools.browser import fetch_browser, find_browser, launch
from tools.build import ROOT, BuildError
from tools.demo_photos import write_demo_photos
from tools.emulator import EmulatorError
from tools.stack import DeployError, Stack, throwaway_stack

OUT = ROOT / ".local" / "screenshots"
PROJECT = "demo"
SHOWN = "coffee.jpg"
UPLOAD_BYTES_PER_S = 400_000
SETTLE_MS = 500
IMAGES_ARE_DRAWN = """() => [...document.images].every(
  (image) => image.complete || image.getBoundingClientRect().top > innerHeight)"""
IMAGES = ROOT / "docs" / "images"
IN_README = {"upload-light": "console-upload.jpg", "gallery-dark": "console-gallery.jpg"}


@dataclass(frozen=True)
class Look:
    """One way to look at the console."""

    name: str
    size: ViewportSize
    is_dark: bool = False


LOOKS = (
    Look("light", {"width": 1280, "height": 860}),
    Look("dark", {"width": 1280, "height": 860}, is_dark=True),
    Look("phone", {"width": 360, "height": 740}),
)


def take_all(stack: Stack, browser: Browser, photos: Path, out: Path) -> list[Path]:
    """Upload the photos by the console itself, then look at every view in every way. Returns the files."""
    out.mkdir(parents=True, exist_ok=True)
    asset = _known_asset(stack, photos)
    views = {
        "gallery": f"{PROJECT}/gallery",
        "image": f"{PROJECT}/image/{asset}",
        "compare": f"{PROJECT}/compare/{asset}",
        "quality": f"{PROJECT}/quality",
        "duplicates": f"{PROJECT}/duplicates",
        "settings": f"{PROJECT}/settings",
        "projects": "",
    }
    taken = []
    for look in LOOKS:
        page = _open(stack, browser, look)
        taken.append(_take(page, out / f"sign-in-{look.name}.png"))
        page.get_by_label("API key").fill(stack.admin_key)
        page.keyboard.press("Enter")
        page.locator(".masthead").wait_for()
        show(page, f"holiday-{look.name}/upload")
        with _slow_uploads(page):
            page.set_input_files("[data-choose=folder]", photos)
            page.locator(".row img").nth(2).wait_for()
            taken.append(_take(page, out / f"upload-{look.name}.png"))
        page.locator("[data-summary]").wait_for()
        taken.append(_take(page, out / f"uploaded-{look.name}.png"))
        for name, path in views.items():
            show(page, path)
            if name == "compare":
                page.set_input_files("[data-choose=compare]", photos / "coffee_blurred.jpg")
                page.locator("[data-comparison], .notice").first.wait_for()
            taken.append(_take(page, out / f"{name}-{look.name}.png"))
            taken.append(_take(page, out / f"{name}-{look.name}-whole.png", whole=True))
        page.context.close()
    return taken


def show(page: Page, path: str) -> None:
    """Go to a view, `path` being what follows `#/`, and wait until it is there."""
    page.evaluate("path => { location.hash = '#/' + path }", path)
    page.locator(f"main[data-address='#/{path}']").wait_for()


def _known_asset(stack: Stack, photos: Path) -> str:
    with Client(stack.api_url, stack.tenant_key) as client:
        report = upload_files(client, sorted(photos.iterdir()), PROJECT)
    return next(found.asset_id for found in report.verdicts if found.file.path.name == SHOWN and found.asset_id)


def _open(stack: Stack, browser: Browser, look: Look) -> Page:
    context = browser.new_context(
        viewport=look.size, color_scheme="dark" if look.is_dark else "light", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(f"{stack.api_url}/console")
    page.locator("input").wait_for()
    return page


@contextmanager
def _slow_uploads(page: Page) -> Iterator[None]:
    """As over a modest line, so that there is something to see of an upload."""
    session = page.context.new_cdp_session(page)
    line = {"offline": False, "latency": 0, "downloadThroughput": -1}
    session.send("Network.emulateNetworkConditions", line | {"uploadThroughput": UPLOAD_BYTES_PER_S})
    yield
    session.send("Network.emulateNetworkConditions", line | {"uploadThroughput": -1})


def _take(page: Page, path: Path, *, whole: bool = False) -> Path:
    page.wait_for_timeout(SETTLE_MS)
    page.wait_for_function(IMAGES_ARE_DRAWN)
    page.screenshot(path=path, full_page=whole)
    return path


def _keep_for_readme(out: Path) -> None:
    for name, kept in IN_README.items():
        Image.open(out / f"{name}.png").convert("RGB").save(IMAGES / kept, quality=86, optimize=True)


def main(argv: list[str] | None = None) -> int:
    """Entry point of `python -m tools.screenshots`."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description=__doc__)
    parser.add_argument("--readme", action="store_true", help="renew those in the README as well")
    options = parser.parse_args(argv)
    path = find_browser() or fetch_browser()
    if path is None:
        print("There is no browser, and none could be had", file=sys.stderr)
        return 1
    try:
        with tempfile.TemporaryDirectory() as scratch, throwaway_stack(say=print) as stack, sync_playwright() as found:
            photos = Path(scratch) / "photos"
            write_demo_photos(photos)
            browser = launch(found, path)
            for taken in take_all(stack, browser, photos, OUT):
                print(taken.relative_to(ROOT))
            browser.close()
        if options.readme:
            _keep_for_readme(OUT)
    except (BuildError, DeployError, EmulatorError) as error:
        print(f"make screenshots: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
