"""SQS queues: sending work, and putting off what was received."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import Transient
from shared.messages import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@cache
def sqs() -> SQSClient:
    return boto3.client("sqs", config=Config(retries={"mode": "standard", "max_attempts": 5}))


@dataclass(frozen=True)
class Queue:
    url: str

    def send(self, message: Message) -> None:
        try:
            sqs().send_message(QueueUrl=self.url, MessageBody=message.model_dump_json())
        except (ClientError, BotoCoreError) as error:
            raise Transient("The queue cannot be reached.") from error

    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Hide a received message for so many seconds; without effect on one that was deleted meanwhile."""
        try:
            sqs().change_message_visibility(QueueUrl=self.url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds)
        except (ClientError, BotoCoreError):
            return  # it then comes again after the queue's own visibility timeout
