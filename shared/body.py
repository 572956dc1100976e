"""The body of a request that may be an image, a form with one, or JSON: told by its content type."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO
from typing import Final

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from multipart import MultipartError, PushMultipartParser, parse_options_header
from pydantic import ValidationError

from shared.domain.presets import CONTENT_TYPES
from shared.errors import BodyTooLarge, InvalidRequest, UnsupportedMediaType
from shared.schemas import CompareWith

# Lambda takes an event of 6 MB; in it, a binary body is base64, a third longer, and there are headers besides.
MAX_BODY_BYTES: Final = 4_400_000
FORM = "multipart/form-data"
JSON = "application/json"
FIELD = "file"
MAX_PARTS = 16


def read_image_body(event: APIGatewayProxyEvent) -> bytes | CompareWith:
    """The image's bytes, or what is named in its place. Raises BodyTooLarge, UnsupportedMediaType, InvalidRequest."""
    body = _bytes_of(event)
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(
            "Ask POST /v1/compare/grants for a grant, upload the image with it, and send its scratch_id.",
            limit=MAX_BODY_BYTES,
            measured=len(body),
        )
    content_type, options = parse_options_header(event.headers.get("Content-Type") or "")
    if content_type in CONTENT_TYPES:
        return body
    if content_type == FORM:
        return _file_of(body, options.get("boundary", ""))
    if content_type == JSON:
        return _named(body)
    raise UnsupportedMediaType(f"One of {', '.join(sorted(CONTENT_TYPES))}, {FORM} or {JSON}.")


def _bytes_of(event: APIGatewayProxyEvent) -> bytes:
    body = event.body or ""
    return b64decode(body) if event.is_base64_encoded else body.encode()


def _file_of(body: bytes, boundary: str) -> bytes:
    """The content of the one part named `file`; other fields are passed over."""
    found: list[bytearray] = []
    is_wanted = False
    try:
        with PushMultipartParser(boundary, max_segment_count=MAX_PARTS) as parser:
            for event in parser.parse_blocking(BytesIO(body).read):
                if isinstance(event, bytes | bytearray):
                    if is_wanted:
                        found[-1] += event
                elif event is not None and (is_wanted := event.name == FIELD):
                    found.append(bytearray())
    except (MultipartError, ValueError) as error:
        raise InvalidRequest("The form cannot be read.") from error
    if len(found) != 1:
        raise InvalidRequest(
            f"The form needs one field `{FIELD}`.",
            errors=[{"loc": ["body", FIELD], "code": "missing", "detail": f"There are {len(found)} of it."}],
        )
    return bytes(found[0])


def _named(body: bytes) -> CompareWith:
    try:
        return CompareWith.model_validate_json(body)
    except ValidationError as error:
        faults: list[dict[str, object]] = [
            {"loc": ["body", *found["loc"]], "code": found["type"], "detail": found["msg"]} for found in error.errors()
        ]
        raise InvalidRequest("Some fields are missing or wrong.", errors=faults) from error
