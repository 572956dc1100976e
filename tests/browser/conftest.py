"""The console in a real browser, on a whole stack of its own."""

import itertools
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Route, expect, sync_playwright

from darkroom import Client, upload_files
from tests.pictures import photo
from tools.bootstrap import bootstrap
from tools.browser import find_browser, launch
from tools.demo_photos import write_demo_photos
from tools.screenshots import show
from tools.stack import Stack, aws_of, throwaway_stack

SCHEMES = ["light", "dark"]
# Only what fails takes so long: a slow machine is not in the wrong.
PATIENCE_MS = 90_000
TEST_TIMEOUT_S = 600
expect.set_options(timeout=PATIENCE_MS)

TELL_VIOLATIONS = """addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  console.error(`policy violated: ${violatedDirective} ${blockedURI}`))"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(TEST_TIMEOUT_S))


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="session")
def browser_path() -> str:
    path = find_browser()
    if path is None and os.environ.get("CI") == "true":
        pytest.fail("There is no browser: python -m tools.browser gets one")
    if path is None:
        pytest.skip("There is no browser: python -m tools.browser gets one")
    return path


@pytest.fixture(scope="session")
def stack(browser_path: str) -> Iterator[Stack]:
    with throwaway_stack() as running:
        yield running


@pytest.fixture(scope="session")
def browser(browser_path: str, playwright: Playwright) -> Iterator[Browser]:
    running = launch(playwright, browser_path)
    yield running
    running.close()


def answering(**answer: object) -> Callable[[Route], None]:
    """What to give to `page.route`: the same answer each time, instead of the API's."""
    return lambda route: route.fulfill(**answer)  # type: ignore[arg-type]


def barriers_of(page: Page) -> list[tuple[str, str]]:
    """What axe-core finds on the page and calls serious or critical: the rule, and where."""
    violations = Axe().run(page).response["violations"]
    return [
        (found["id"], found["nodes"][0]["html"]) for found in violations if found["impact"] in {"serious", "critical"}
    ]


def holding(held: list[Route]) -> Callable[[Route], None]:
    """What to give to `page.route`: requests wait in the list until someone goes on with them."""

    def hold(route: Route) -> None:
        held.append(route)

    return hold


def held_back(context: BrowserContext, address: str) -> list[Route]:
    """The requests for an address, which wait until the test answers them."""
    held: list[Route] = []
    context.route(address, holding(held))
    return held


class Gate:
    """On the way from a page to S3: so many files go through, the others wait until it is opened."""

    def __init__(self, page: Page, free: int = 0) -> None:
        self.is_open = False
        self._free = itertools.repeat(True, free)
        self._waiting: list[Route] = []
        page.route(re.compile("originalsbucket"), self._meet)

    def open(self) -> None:
        self.is_open = True
        while self._waiting:
            self._waiting.pop().continue_()

    def _meet(self, route: Route) -> None:
        if self.is_open or next(self._free, False):
            route.continue_()
        else:
            self._waiting.append(route)


@dataclass
class Console:
    """A browser with the console. What goes wrong in it is noted, and must have been expected."""

    stack: Stack
    context: BrowserContext
    expected: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: self._note(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self._note(str(error)))
        page.on("request", lambda request: self._check(request.url))
        return page

    def open(self, path: str = "", key: str | None = None) -> Page:
        """A page that is signed in: `path` is what follows `#/`."""
        page = self.page()
        page.goto(f"{self.stack.api_url}/console#/{path}")
        page.get_by_label("API key").fill(key or self.stack.tenant_key)
        page.get_by_role("button", name="Sign in").click()
        page.locator(f"main[data-address='#/{path}']").wait_for()
        return page

    def go(self, page: Page, path: str) -> None:
        show(page, path)

    def expect(self, pattern: str) -> None:
        """A browser reports each answer that is an error."""
        self.expected.append(pattern)

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname != urlsplit(self.stack.api_url).hostname:
            self._note(f"left the machine: {url}")

    def _note(self, text: str) -> None:
        if not any(re.search(pattern, text) for pattern in self.expected):
            self.wrong.append(text)


NewConsole = Callable[..., Console]


@contextmanager
def consoles(stack: Stack, browser: Browser) -> Iterator[NewConsole]:
    """Opens browsers, each with a memory of its own. At the end nothing may have gone wrong in any of them."""
    opened: list[Console] = []

    def start(**options: object) -> Console:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        context.add_init_script(TELL_VIOLATIONS)
        console = Console(stack, context)
        opened.append(console)
        return console

    yield start
    for console in opened:
        console.context.close()
    assert [wrong for console in opened for wrong in console.wrong] == []


@pytest.fixture
def new_console(stack: Stack, browser: Browser) -> Iterator[NewConsole]:
    with consoles(stack, browser) as start:
        yield start


@pytest.fixture
def console(new_console: NewConsole) -> Console:
    return new_console()


@pytest.fixture
def stranger(stack: Stack) -> dict[str, str]:
    """Another tenant."""
    with aws_of(stack.aws_endpoint):
        return bootstrap(stack.stack_name, stack.aws_endpoint, stack.region, f"other-{secrets.token_hex(4)}")


@pytest.fixture(scope="session")
def client_url(stack: Stack) -> str:
    """Where other people's pages import the client from."""
    return f"{stack.api_url}/console/client.js"


@pytest.fixture
def project() -> str:
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("album") / "photos"
    write_demo_photos(folder)
    return folder


@pytest.fixture(scope="session")
def album(stack: Stack, photos: Path) -> str:
    """A project that holds the demo photos."""
    with Client(stack.api_url, stack.tenant_key) as client:
        upload_files(client, sorted(photos.iterdir()), "album")
    return "album"


def new_files(folder: Path, count: int) -> list[Path]:
    """Small photos, each unlike the others."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{n:03d}.jpg" for n in range(count)]
    for n, path in enumerate(paths):
        path.write_bytes(photo(seed=n))
    return paths
