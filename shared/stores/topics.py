"""The SNS topic that tells people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import Transient
from shared.stores.patience import patience

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


@cache
def sns() -> SNSClient:
    return boto3.client("sns", config=patience(read_s=7, tries=5))


@dataclass(frozen=True)
class Topic:
    """`arn` is empty where nobody is to be told."""

    arn: str

    @property
    def is_there(self) -> bool:
        return bool(self.arn)

    def publish(self, subject: str, text: str, message_id: str) -> None:
        """Tell it. `message_id` goes along as an attribute: the same one twice is the same news. Raises Transient."""
        attributes = {"message_id": {"DataType": "String", "StringValue": message_id}}
        try:
            sns().publish(TopicArn=self.arn, Subject=subject, Message=text, MessageAttributes=attributes)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            raise Transient("The topic cannot be reached.") from error
