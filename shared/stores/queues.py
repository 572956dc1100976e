"""SQS queues: sending work, and putting off what was received."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import Transient
from shared.messages import Message
from shared.stores.patience import patience

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType


@cache
def sqs() -> SQSClient:
    return boto3.client("sqs", config=patience(read_s=7, tries=5))


MAX_DELAY_S = 900
DEPTH: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True)
class Queue:
    url: str

    @property
    def name(self) -> str:
        return self.url.rsplit("/", 1)[1]

    def send(self, message: Message, delay_s: int = 0) -> None:
        """Send it, to be seen after so many seconds (SQS takes 900 at most)."""
        try:
            sqs().send_message(
                QueueUrl=self.url, MessageBody=message.model_dump_json(), DelaySeconds=min(delay_s, MAX_DELAY_S)
            )
        except (ClientError, BotoCoreError) as error:
            raise Transient("The queue cannot be reached.") from error

    def is_empty(self) -> bool:
        """Whether nothing waits in it or is being worked on; SQS counts approximately."""
        try:
            found = sqs().get_queue_attributes(QueueUrl=self.url, AttributeNames=list(DEPTH))["Attributes"]
        except (ClientError, BotoCoreError) as error:
            raise Transient("The queue cannot be reached.") from error
        return all(int(found[name]) == 0 for name in DEPTH)

    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Hide a received message for so many seconds; without effect on one that was deleted meanwhile."""
        try:
            sqs().change_message_visibility(QueueUrl=self.url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds)
        except (ClientError, BotoCoreError):
            return  # it then comes again after the queue's own visibility timeout
