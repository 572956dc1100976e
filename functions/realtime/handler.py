"""API Gateway WebSocket → connect, subscribe, ping."""

from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shared.clock import utc_now
from shared.errors import DarkroomError, InvalidRequest, Unauthorized
from shared.observability import logger
from shared.schemas import AboutJob, Ping, Subscribe, Unsubscribe
from shared.settings import RealtimeSettings
from shared.stores.images import RenditionStore
from shared.stores.jobs import JobStore
from shared.stores.sockets import SocketStore
from shared.stores.subscriptions import SubscriptionStore
from shared.stores.tasks import TaskStore
from shared.stores.tenants import TenantStore
from shared.usecases.connect import connect
from shared.usecases.subscribe import Following, Source, open_connection, subscribe, unsubscribe

settings = RealtimeSettings.load()
jobs, tasks = JobStore(settings.jobs_table), TaskStore(settings.jobs_table)
subscriptions, tenants = SubscriptionStore(settings.jobs_table), TenantStore(settings.catalog_table)
source = Source(jobs, tasks, RenditionStore(settings.renditions_bucket), settings.url_lifetime)
sockets = SocketStore(settings.websocket_api)
following = Following(subscriptions, tenants, source, sockets)

B = TypeVar("B", bound=BaseModel)
Answer = dict[str, Any]
DONE: Answer = {"statusCode": HTTPStatus.OK.value, "body": ""}


def on_connect(event: dict[str, Any], connection_id: str) -> Answer:
    ticket = (event.get("queryStringParameters") or {}).get("ticket", "")
    try:
        connect(ticket, connection_id, subscriptions, tenants)
    except DarkroomError as error:
        return {"statusCode": error.status, "body": error.code}
    return DONE


def on_disconnect(event: dict[str, Any], connection_id: str) -> Answer:
    subscriptions.disconnect(connection_id)
    return DONE


def on_subscribe(body: str, connection_id: str) -> None:
    wanted = parse(Subscribe, body)
    subscribe(connection_id, wanted.job_id, wanted.since, following)


def on_unsubscribe(body: str, connection_id: str) -> None:
    job_id = parse(Unsubscribe, body).job_id
    unsubscribe(connection_id, job_id, following)
    sockets.send(connection_id, {"type": "unsubscribed", "job_id": job_id})


def on_ping(body: str, connection_id: str) -> None:
    parse(Ping, body)
    connection = open_connection(connection_id, following, utc_now())
    sockets.send(connection_id, {"type": "pong", "jobs": list(connection.jobs)})


def on_anything_else(body: str, connection_id: str) -> None:
    raise InvalidRequest("Send an action: subscribe, unsubscribe or ping.")


def parse(model: type[B], body: str) -> B:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise InvalidRequest("Some fields are missing or wrong.") from error


def problem(error: DarkroomError, body: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "error", "code": error.code, "detail": error.detail}
    with suppress(ValidationError):
        found["job_id"] = AboutJob.model_validate_json(body).job_id
    return found


LIFECYCLE: dict[str, Callable[[dict[str, Any], str], Answer]] = {"$connect": on_connect, "$disconnect": on_disconnect}
ACTIONS: dict[str, Callable[[str, str], None]] = {
    "subscribe": on_subscribe,
    "unsubscribe": on_unsubscribe,
    "ping": on_ping,
    "$default": on_anything_else,
}


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> Answer:
    """An error becomes a message; one about the key also closes the socket."""
    route, connection_id = event["requestContext"]["routeKey"], event["requestContext"]["connectionId"]
    if route in LIFECYCLE:
        return LIFECYCLE[route](event, connection_id)
    try:
        ACTIONS[route](event.get("body") or "", connection_id)
    except DarkroomError as error:
        sockets.send(connection_id, problem(error, event.get("body") or ""))
        if isinstance(error, Unauthorized):
            sockets.close(connection_id)
            subscriptions.disconnect(connection_id)
    return DONE
