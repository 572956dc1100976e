"""The edge to API Gateway: routes into calls, errors into problem documents (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.shared.json_encoder import Encoder

from shared.domain.access import Scope
from shared.errors import (
    DarkroomError,
    ExpiredKey,
    Forbidden,
    InvalidRequest,
    JobActive,
    MissingKey,
    NotFound,
    NotReady,
    RevokedKey,
    Unauthorized,
)
from shared.observability import logger

PROBLEM = "application/problem+json"
MIN_REMAINING_MS = 8_000
KEY_PROBLEMS: dict[str, type[Unauthorized]] = {
    kind.code: kind for kind in (Unauthorized, MissingKey, ExpiredKey, RevokedKey)
}


@dataclass(frozen=True)
class Caller:
    """Who asks, as the authorizer found from the key; nothing of it comes from the request."""

    tenant: str
    scopes: frozenset[Scope]
    key_id: str = ""

    def require(self, scope: Scope) -> Caller:
        """The caller, if the key has the scope. Raises Forbidden."""
        if scope not in self.scopes:
            raise Forbidden(f"The key needs the scope `{scope}`.")
        return self


def resolver() -> APIGatewayRestResolver:
    app = APIGatewayRestResolver(
        cors=CORSConfig(allow_origin="*", expose_headers=["ETag", "Retry-After"], max_age=600),
        enable_validation=True,
        # Powertools' own, but for names as they are: escaped, one of another alphabet is two or three times as long.
        serializer=partial(json.dumps, separators=(",", ":"), cls=Encoder, ensure_ascii=False),
    )
    app.exception_handler(DarkroomError)(problem)
    app.exception_handler(RequestValidationError)(lambda error: _tell_known(_invalid(error), app))
    app.exception_handler(RecursionError)(lambda _: _tell_known(InvalidRequest("The body is nested too deeply."), app))
    app.exception_handler(NotFoundError)(lambda _: _tell_known(NotFound("There is no such route."), app))
    app.exception_handler(Exception)(_unexpected)
    return app


def caller(app: APIGatewayRestResolver, scope: Scope) -> Caller:
    """Who asks, if their key is good and has the scope. Raises Unauthorized of the right kind, or Forbidden."""
    found = _authorized(app)
    if "tenant" not in found:
        raise MissingKey("Send Authorization: Bearer <key>.")
    scopes = frozenset(Scope(name) for name in str(found["scopes"]).split())
    return Caller(str(found["tenant"]), scopes, str(found.get("principalId", ""))).require(scope)


def _authorized(app: APIGatewayRestResolver) -> dict[str, Any]:
    """What the authorizer found out; nothing on a route without one. Raises Unauthorized of the right kind."""
    context = app.current_event.request_context.authorizer
    found: dict[str, Any] = dict(context.raw_event) if context else {}
    if "problem" in found:
        raise KEY_PROBLEMS[found["problem"]]
    return found


def has_time(app: APIGatewayRestResolver) -> Callable[[], bool]:
    """Whether enough of the request's time is left to begin more work."""
    return lambda: bool(app.lambda_context.get_remaining_time_in_millis() > MIN_REMAINING_MS)


def problem(error: DarkroomError) -> Response[str]:
    body: dict[str, Any] = {
        "type": f"urn:darkroom:error:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
    }
    body |= {name: found for name in ("limit", "measured") if (found := getattr(error, name)) is not None}
    if isinstance(error, InvalidRequest) and error.errors:
        body["errors"] = error.errors
    if isinstance(error, JobActive):
        body["job_id"] = error.job_id
    headers = {}
    if isinstance(error, NotReady):
        body["retry_after"] = error.retry_after_s
        headers["Retry-After"] = str(error.retry_after_s)
    return Response(status_code=error.status, content_type=PROBLEM, body=json.dumps(body), headers=headers)


def _tell_known(error: DarkroomError, app: APIGatewayRestResolver) -> Response[str]:
    """What is wrong with a request; of a bad key's request, what is wrong with the key."""
    try:
        _authorized(app)
    except Unauthorized as unknown:
        return problem(unknown)
    return problem(error)


def _invalid(error: RequestValidationError) -> InvalidRequest:
    errors: list[dict[str, object]] = [
        {"loc": list(found["loc"]), "code": found["type"], "detail": found["msg"]} for found in error.errors()
    ]
    return InvalidRequest("Some fields are missing or wrong.", errors=errors)


def _unexpected(error: Exception) -> Response[str]:
    logger.exception("unexpected", exc_info=error)
    return problem(DarkroomError())
