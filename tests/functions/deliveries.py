"""Events as AWS delivers them, with other contents than the recorded ones."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from pydantic import BaseModel

from shared.messages import UploadedObject
from tests.cloud import recorded

DONE: dict[str, Any] = {"batchItemFailures": []}


def of_messages(name: str, *messages: BaseModel) -> dict[str, Any]:
    """The recorded SQS event of a function, with these messages."""
    return {"Records": [_record(name, i, message.model_dump_json()) for i, message in enumerate(messages)]}


def of_uploads(*uploads: UploadedObject) -> dict[str, Any]:
    """The recorded S3 notification, about these objects, each in an SQS message of its own."""
    notification = json.loads(recorded("validate")["Records"][0]["body"])
    return {"Records": [_record("validate", i, _notify(notification, found)) for i, found in enumerate(uploads)]}


def _notify(notification: dict[str, Any], found: UploadedObject) -> str:
    copy = deepcopy(notification)
    copy["Records"][0]["s3"]["object"] |= {"key": found.key, "size": found.bytes, "versionId": found.version_id}
    return json.dumps(copy)


def _record(name: str, index: int, body: str) -> dict[str, Any]:
    return deepcopy(recorded(name)["Records"][0]) | {"messageId": str(index), "body": body}
