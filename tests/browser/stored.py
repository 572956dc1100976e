"""What only time or an accident does to stored things, done to them by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from shared.domain.poison import PoisonRecord
from shared.stores import rows
from shared.stores.poison import PoisonStore
from tools.stack import Stack, aws_of


def catalog(stack: Stack) -> Any:
    return boto3.resource("dynamodb").Table(stack.outputs["CatalogTableName"])


def put_original_at(stack: Stack, asset_id: str, version_id: str) -> str:
    """Where the asset's original is to be found from now on. Returns where it was."""
    with aws_of(stack.aws_endpoint):
        before = catalog(stack).update_item(
            Key=rows.asset_key(asset_id),
            UpdateExpression="SET original.version_id = :version",
            ExpressionAttributeValues={":version": version_id},
            ReturnValues="ALL_OLD",
        )
    return str(before["Attributes"]["original"]["version_id"])


def age_graves(stack: Stack, asset_id: str, by: timedelta) -> None:
    """As if the asset had been deleted so long ago."""
    with aws_of(stack.aws_endpoint):
        found = catalog(stack).query(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :grave)",
            ExpressionAttributeValues={":pk": rows.asset_key(asset_id)["pk"], ":grave": "GRAVE#"},
        )
        for row in found["Items"]:
            catalog(stack).put_item(Item=row | {"buried_at": rows.to_text(datetime.now(UTC) - by)})


def give_up(stack: Stack, record: PoisonRecord) -> None:
    """As if a service had been busy so long."""
    with aws_of(stack.aws_endpoint):
        PoisonStore(stack.outputs["JobsTableName"]).keep(record)
