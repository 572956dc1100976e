import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from darkroom import Client, UploadReport, upload_files
from tools.demo_photos import write_demo_photos
from tools.stack import Stack, aws_of, throwaway_stack

Aws = Callable[[str], Any]
TOLD = {"NotificationEmail": "team@example.com"}
# Only what fails takes so long: a slow machine is not in the wrong.
PATIENCE_S = 300
TEST_TIMEOUT_S = 600


@dataclass(frozen=True)
class Demo:
    """The demo's set of files after its way through the pipeline."""

    folder: Path
    report: UploadReport


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(TEST_TIMEOUT_S))


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The unmodified template, built and deployed to an emulator of its own."""
    with throwaway_stack(TOLD) as running:
        yield running


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.api_url, stack.tenant_key) as found:
        yield found


@pytest.fixture
def aws(stack: Stack) -> Iterator[Aws]:
    """boto3 clients of the emulator, by service."""
    with aws_of(stack.aws_endpoint):
        yield boto3.client


@pytest.fixture(scope="session")
def demo(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("photos")
    paths = write_demo_photos(folder)
    with Client(stack.api_url, stack.tenant_key) as client:
        return Demo(folder, upload_files(client, paths, "demo"))


def age_graves(aws: Aws, stack: Stack, asset_id: str, days: int) -> None:
    """As if an image had been uploaded and deleted so many days ago."""
    table, pk = stack.outputs["CatalogTableName"], {"S": f"ASSET#{asset_id}"}
    found = aws("dynamodb").query(
        TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": pk}
    )["Items"]
    then = {"S": (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds")}
    for row in found:
        if "grave_of" in row:
            made = [{"M": rendition["M"] | {"created_at": then}} for rendition in row["renditions"]["L"]]
            aged = row | {"buried_at": then, "created_at": then, "renditions": {"L": made}}
            aws("dynamodb").put_item(TableName=table, Item=aged)


def purge_at_night(aws: Aws, stack: Stack, *, is_new_day: bool = True) -> dict[str, Any]:
    """What the nightly purge says. The schedule may have called it today already: then this is a new day."""
    if is_new_day:
        key = {"pk": {"S": "PURGE"}, "sk": {"S": "ROUND"}}
        aws("dynamodb").delete_item(TableName=stack.outputs["CatalogTableName"], Key=key)
    answer = aws("lambda").invoke(FunctionName=stack.outputs["PurgeFunctionName"], Payload=b"{}")
    report: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, report
    return report
