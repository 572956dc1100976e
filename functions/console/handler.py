"""API Gateway → the console: a page and its modules, packaged as a layer and read once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from shared.errors import NotFound
from shared.observability import logger
from shared.rest import problem
from shared.settings import ConsoleSettings

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
PAGE = "index.html"


@dataclass(frozen=True)
class StaticFile:
    content_type: str
    text: str
    etag: str


def _read_files() -> dict[str, StaticFile]:
    # As a package, so that it is found wherever the layer was unpacked, and beside the code when under test.
    found = ((path.name, path.name[path.name.rfind(".") :], path) for path in files("console").iterdir())
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
static_files = _read_files()
HEADERS = {
    "Content-Security-Policy": content_security_policy(settings),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Asked for again each time, and answered 304: a new version is there at once, on all of its files.
    "Cache-Control": "no-cache",
}

app = APIGatewayRestResolver()


@app.get("/console")
def get_console() -> Response[str]:
    return _serve(PAGE)


@app.get("/console/<file>")
def get_console_file(file: str) -> Response[str]:
    return _serve(file)


def _serve(name: str) -> Response[str]:
    if name not in static_files:
        return problem(NotFound("The console has no such file."))
    found = static_files[name]
    headers = HEADERS | {"ETag": found.etag}
    if app.current_event.headers.get("If-None-Match") == found.etag:
        return Response(HTTPStatus.NOT_MODIFIED, found.content_type, "", headers)
    return Response(HTTPStatus.OK, found.content_type, found.text, headers)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
