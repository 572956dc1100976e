"""DynamoDB's own ways: values in and out, and calls that lost a race to a transaction made again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import Transient
from shared.stores.patience import patience

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
Item = dict[str, Any]

TRIES = 8
FIRST_WAIT_S = 0.02
RACES = frozenset({"TransactionConflictException", "TransactionInProgressException"})
"""botocore makes throttled calls again by itself, but not these."""
BUSY = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "InternalServerError",
        "ServiceUnavailable",
    }
)
"""What is left when botocore has given up as well."""

_serializer, _deserializer = TypeSerializer(), TypeDeserializer()


@cache
def dynamodb() -> DynamoDBClient:
    return boto3.client("dynamodb", config=patience(read_s=7, tries=8))


def marshal(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as DynamoDB takes it. None is left out: an attribute that is not there is not known."""
    return {name: _serializer.serialize(_to_dynamo(value)) for name, value in item.items() if value is not None}


def marshal_value(value: Any) -> Any:
    return _serializer.serialize(_to_dynamo(value))


def unmarshal(item: Mapping[str, Any]) -> Item:
    return {name: _from_dynamo(_deserializer.deserialize(value)) for name, value in item.items()}


def _to_dynamo(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {str(key): _to_dynamo(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_to_dynamo(inner) for inner in value]
    if isinstance(value, str):
        return str(value)
    return value


def _from_dynamo(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: _from_dynamo(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_from_dynamo(inner) for inner in value]
    return value


class ConditionFailed(Exception):
    """A condition did not hold; `item` is what stands there instead, where DynamoDB was asked to say."""

    def __init__(self, item: Item | None = None) -> None:
        super().__init__()
        self.item = item


class TransactionRefused(Exception):
    """A transaction was cancelled by a condition; `reasons` has one code for each of its items."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__()
        self.reasons = reasons


def attempt(call: Callable[[], T]) -> T:
    """Make the call, again where it lost a race. Raises ConditionFailed, TransactionRefused or Transient."""
    for wait_s in waits():
        try:
            return call()
        except ClientError as error:
            _raise_unless_race(error)
        except BotoCoreError as error:
            raise Transient("The database cannot be reached.") from error
        time.sleep(wait_s)
    raise Transient("The database is contended.")


def waits() -> Iterator[float]:
    """Seconds to wait after each of so many tries: at random, so that rivals part, and ever longer."""
    for n in range(TRIES):
        yield random.uniform(0, FIRST_WAIT_S * 2**n)


def _raise_unless_race(error: ClientError) -> None:
    code = error.response["Error"]["Code"]
    if code in RACES:
        return
    if code == "ConditionalCheckFailedException":
        found = error.response.get("Item")
        raise ConditionFailed(unmarshal(found) if found else None) from error  # type: ignore[arg-type]
    if code == "TransactionCanceledException":
        reasons = [str(reason.get("Code", "None")) for reason in error.response.get("CancellationReasons", [])]
        if "ConditionalCheckFailed" in reasons:
            raise TransactionRefused(reasons) from error
        return  # a conflict or a throttle
    if code in BUSY:
        raise Transient("The database is busy.") from error
    raise error


def ping(table: str) -> None:
    """Ask the table for an item that is not there. Raises Transient, whatever is wrong with it."""
    key = marshal({"pk": "PING", "sk": "PING"})
    try:
        attempt(lambda: dynamodb().get_item(TableName=table, Key=key))
    except ClientError as error:
        raise Transient("The database cannot be read.") from error


def batch_get(keys_by_table: Mapping[str, list[Item]], names: str | None = None) -> dict[str, list[Item]]:
    """Consistent reads of up to 100 keys, those left unread asked for again; of each row all, or `names` alone."""
    how: Any = {"ConsistentRead": True} | ({"ProjectionExpression": names} if names else {})
    wanted: Any = {table: {"Keys": [marshal(key) for key in keys], **how} for table, keys in keys_by_table.items()}
    found: dict[str, list[Item]] = {table: [] for table in keys_by_table}
    for wait_s in waits():
        answer = attempt(partial(dynamodb().batch_get_item, RequestItems=wanted))
        for table, items in answer["Responses"].items():
            found[table].extend(unmarshal(item) for item in items)
        wanted = answer.get("UnprocessedKeys")
        if not wanted:
            return found
        time.sleep(wait_s)
    raise Transient("The database is busy.")


def batch_put(table: str, items: Iterable[Item]) -> None:
    """Up to 25 puts without condition, whatever was left unwritten sent again."""
    _batch_write({table: [{"PutRequest": {"Item": marshal(item)}} for item in items]})


def batch_delete(table: str, keys: Iterable[Item]) -> None:
    """Up to 25 deletes, whatever was left undeleted sent again."""
    requests = [{"DeleteRequest": {"Key": marshal(key)}} for key in keys]
    if requests:
        _batch_write({table: requests})


def _batch_write(requests: Any) -> None:
    for wait_s in waits():
        requests = attempt(partial(dynamodb().batch_write_item, RequestItems=requests)).get("UnprocessedItems")
        if not requests:
            return
        time.sleep(wait_s)
    raise Transient("The database is busy.")
