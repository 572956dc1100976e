"""The page is served as a browser needs it, and may load nothing from elsewhere."""

import re
from base64 import b64encode
from collections.abc import Callable
from copy import deepcopy
from hashlib import sha256
from typing import Any

import pytest

from tests.cloud import ROOT, recorded
from tests.functions.conftest import Context, Load

FIRST_VIEW_BYTES = 100_000
ORIGINS = "https://originals.s3.example https://renditions.s3.example wss://push.example"
SOURCES = sorted((ROOT / "console").glob("*.[hcj]*"))
Get = Callable[..., dict[str, Any]]


@pytest.fixture
def get(load: Load, monkeypatch: pytest.MonkeyPatch) -> Get:
    monkeypatch.setenv("CONSOLE_ORIGINS", ORIGINS)
    module = load("console")

    def call(path: str, **headers: str) -> dict[str, Any]:
        event = deepcopy(recorded("console")) | {"path": path}
        event["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
        return dict(module.handler(event, Context()))

    return call


def header(answer: dict[str, Any], name: str) -> str:
    return str(answer["multiValueHeaders"][name][0])


def policy(answer: dict[str, Any]) -> dict[str, str]:
    directives = header(answer, "Content-Security-Policy").split("; ")
    return {name: value for name, _, value in (directive.partition(" ") for directive in directives)}


def test_page_needs_no_key(get: Get) -> None:
    answer = get("/console")

    assert answer["statusCode"] == 200
    assert header(answer, "Content-Type") == "text/html; charset=utf-8"
    assert "<title>Darkroom</title>" in answer["body"]


@pytest.mark.parametrize(
    ("file", "content_type"),
    [
        ("app.js", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_file_has_the_type_that_a_browser_insists_on(get: Get, file: str, content_type: str) -> None:
    answer = get(f"/console/{file}")

    assert (answer["statusCode"], header(answer, "Content-Type")) == (200, content_type)
    assert header(answer, "X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize("file", ["nothing.js", "Makefile", "..%2Fshared", "handler.py", "index.html%00"])
def test_only_files_of_the_page_are_served(get: Get, file: str) -> None:
    assert get(f"/console/{file}")["statusCode"] == 404


def test_page_may_load_from_and_connect_to_its_own_origin_and_what_the_settings_name_only(get: Get) -> None:
    found = policy(get("/console"))

    assert found["default-src"] == found["base-uri"] == found["form-action"] == found["frame-ancestors"] == "'none'"
    assert found["script-src"] == found["style-src"] == "'self'"
    assert found["img-src"] == f"'self' blob: {ORIGINS}"
    assert found["connect-src"] == f"'self' {ORIGINS}"


def test_page_may_connect_to_the_emulator_where_there_is_one(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_ORIGINS", ORIGINS)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    module = load("console")

    found = policy(module.handler(deepcopy(recorded("console")), Context()))

    assert found["connect-src"] == f"'self' {ORIGINS} http://127.0.0.1:4566 ws://127.0.0.1:4566"


@pytest.mark.parametrize("path", ["/console/client.js", "/console/api.js", "/openapi.json"])
def test_pages_from_elsewhere_may_load_what_is_made_for_them(get: Get, path: str) -> None:
    assert header(get(path), "Access-Control-Allow-Origin") == "*"


def test_file_that_the_browser_has_is_not_sent_again(get: Get) -> None:
    first = get("/console/app.js")

    again = get("/console/app.js", If_None_Match=header(first, "ETag"))

    assert (again["statusCode"], again["body"]) == (304, "")
    assert header(again, "ETag") == header(first, "ETag")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_comes_from_elsewhere(path: Any) -> None:
    foreign = re.findall(r"https?://(?!www\.w3\.org/2000/svg)[\w.]+", path.read_text())

    assert foreign == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_style_and_no_script_is_inline(path: Any) -> None:
    text = path.read_text()

    assert re.findall(r"<script>|<style|\sstyle=|\bon\w+=\"|innerHTML|\beval\(", text) == []


@pytest.mark.parametrize(
    ("path", "content_type", "start"),
    [
        ("/openapi.json", "application/json", '{\n "openapi": "3.1.0"'),
        ("/docs", "text/html; charset=utf-8", "<!doctype"),
    ],
)
def test_description_of_the_api_needs_no_key(get: Get, path: str, content_type: str, start: str) -> None:
    answer = get(path)

    assert (answer["statusCode"], header(answer, "Content-Type")) == (200, content_type)
    assert answer["body"].startswith(start)
    assert get(path, If_None_Match=header(answer, "ETag"))["statusCode"] == 304


def test_page_of_the_api_may_load_nothing_but_its_one_style_sheet(get: Get) -> None:
    answer = get("/docs")

    found = policy(answer)
    style = re.findall(r"<style>(.*?)</style>", answer["body"], re.DOTALL)
    assert found.pop("style-src") == f"'sha256-{b64encode(sha256(style[0].encode()).digest()).decode()}'"
    assert set(found.values()) == {"'none'"}
    assert re.findall(r"<script|\sstyle=|<link|<img|@import|url\(", answer["body"]) == []


def test_first_view_is_small() -> None:
    """The page, its style, the frame and the upload view, which is the first, with all that they import."""
    names, found = ["index.html", "style.css", "icon.svg", "app.js", "upload.js"], set()
    while names:
        name = names.pop()
        found.add(name)
        text = (ROOT / "console" / name).read_text()
        imported = re.findall(r'^(?:import|export)\b[^"]*? from "\./([\w.]+)"', text, re.MULTILINE)
        names += [other for other in imported if other not in found]

    assert sum((ROOT / "console" / name).stat().st_size for name in found) < FIRST_VIEW_BYTES
