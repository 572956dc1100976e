"""API Gateway → the console, packaged as a layer, and the API's description, packaged with this function."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from shared.errors import NotFound
from shared.observability import logger
from shared.rest import problem
from shared.settings import ConsoleSettings

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
PAGE = "index.html"
DOCS = "docs.html"
DESCRIPTION = "openapi.json"
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True)
class StaticFile:
    content_type: str
    text: str
    etag: str


def _read_files(folder: Traversable) -> dict[str, StaticFile]:
    found = ((path.name, path.name[path.name.rfind(".") :], path) for path in folder.iterdir())
    texts = [(name, TYPES[suffix], path.read_text("utf-8")) for name, suffix, path in found if suffix in TYPES]
    return {
        name: StaticFile(kind, text, f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"')
        for name, kind, text in texts
    }


def content_security_policy(settings: ConsoleSettings) -> str:
    """Only our own scripts and styles; images from, and connections to, what the settings name."""
    emulator = (settings.aws_endpoint_url, settings.aws_endpoint_url.replace("http", "ws", 1))
    origins = " ".join((settings.console_origins, *emulator)).strip()
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' blob: {origins}",
            f"connect-src 'self' {origins}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


settings = ConsoleSettings.load()
# As a package, so that it is found wherever the layer was unpacked, and beside the code when under test.
console_files = _read_files(files("console"))
docs_files = _read_files(Path(__file__).parent)
HEADERS = {
    "Content-Security-Policy": content_security_policy(settings),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Asked for again each time, and answered 304: a new version is there at once, on all of its files.
    "Cache-Control": "no-cache",
}
# Other people's pages may import the client, which a browser allows them by this header alone.
FOR_ALL_PAGES = {"Access-Control-Allow-Origin": "*"}
# The style sheet of the page, by its hash, and nothing else.
STYLE_HASH = b64encode(hashlib.sha256(STYLE.findall(docs_files[DOCS].text)[0].encode()).digest()).decode()
DOCS_POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

app = APIGatewayRestResolver()


@app.get("/console", include_in_schema=False)
def get_console() -> Response[str]:
    return _serve(PAGE, console_files)


@app.get("/console/<file>", include_in_schema=False)
def get_console_file(file: str) -> Response[str]:
    return _serve(file, console_files, FOR_ALL_PAGES)


@app.get("/docs", include_in_schema=False)
def get_docs() -> Response[str]:
    return _serve(DOCS, docs_files, {"Content-Security-Policy": DOCS_POLICY})


@app.get("/openapi.json", include_in_schema=False)
def get_openapi() -> Response[str]:
    return _serve(DESCRIPTION, docs_files, FOR_ALL_PAGES)


def _serve(name: str, among: dict[str, StaticFile], own_headers: dict[str, str] | None = None) -> Response[str]:
    if name not in among:
        return problem(NotFound("The console has no such file."))
    found = among[name]
    headers = HEADERS | {"ETag": found.etag} | (own_headers or {})
    if app.current_event.headers.get("If-None-Match") == found.etag:
        return Response(HTTPStatus.NOT_MODIFIED, found.content_type, "", headers)
    return Response(HTTPStatus.OK, found.content_type, found.text, headers)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
