"""A Chromium for the console's tests and screenshots: found, or fetched in the way that works on this machine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FETCH_TIMEOUT_S = 300


def find_browser() -> str | None:
    """The path of Playwright's own Chromium, or else of one on the PATH."""
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    if Path(own).is_file():
        return own
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def fetch_browser() -> str | None:
    """Get one: Playwright's download, else Debian's package where we may install it. Says what it does."""
    ways = {"Playwright's Chromium": [sys.executable, "-m", "playwright", "install", "chromium"]}
    if shutil.which("apt-get") and os.geteuid() == 0:
        ways["the system's Chromium"] = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]
    for name, command in ways.items():
        print(f"No browser for the console's tests: getting {name}", flush=True)
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=FETCH_TIMEOUT_S)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
            print(f"  that did not work: {type(error).__name__}", flush=True)
        found = find_browser()
        if found:
            return found
    return None


def launch(playwright: Playwright, path: str) -> Browser:
    """Start it without a window. Root may not have Chromium's sandbox."""
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if os.geteuid() == 0 else [])


def main() -> int:
    """Entry point of `python -m tools.browser`: have a browser, and say which."""
    path = find_browser() or fetch_browser()
    print(path or "There is no browser, and none could be had: the console's tests will be skipped")
    return 0 if path else 1


if __name__ == "__main__":
    sys.exit(main())
