"""Open WebSockets, by the management API of API Gateway."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# No second try: whoever does not take a message at once is dropped, and comes back for it.
ONCE = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}, max_pool_connections=16)


@cache
def _service_url() -> str:
    """Where API Gateway runs APIs in this region; on one machine, the emulator."""
    return str(boto3.client("apigatewaymanagementapi", config=ONCE).meta.endpoint_url)


@cache
def management(api: str) -> Any:
    return boto3.client("apigatewaymanagementapi", endpoint_url=_https_url(api), config=ONCE)


def _https_url(api: str) -> str:
    host = "https://execute-api."
    api_id, stage = api.split("/")
    if _service_url().startswith(host):
        return _service_url().replace(host, f"https://{api_id}.execute-api.") + f"/{stage}"
    return f"{_service_url()}/_aws/execute-api/{api}"


@dataclass(frozen=True)
class SocketStore:
    """`api` is the API's id and stage, as `id/stage`."""

    api: str

    @property
    def url(self) -> str:
        """Where clients connect: wss://… on AWS."""
        return "ws" + _https_url(self.api).removeprefix("http")

    def post(self, connection_id: str, text: str) -> bool:
        """Send a text; False when the other side is gone, or API Gateway does not take it at once."""
        try:
            management(self.api).post_to_connection(ConnectionId=connection_id, Data=text.encode())
        except (ClientError, BotoCoreError):
            return False
        return True

    def send(self, connection_id: str, message: Mapping[str, Any]) -> bool:
        """Post a message as JSON."""
        return self.post(connection_id, json.dumps(message))

    def close(self, connection_id: str) -> None:
        """Close it, if it is still there."""
        with suppress(ClientError, BotoCoreError):
            management(self.api).delete_connection(ConnectionId=connection_id)
