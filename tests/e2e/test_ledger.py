"""Delete, purge and audit on the deployed template: the ledger equals the buckets, and what is bent is named."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from darkroom import Client, upload_files
from darkroom.cli import app
from tests.e2e.conftest import Aws, age_graves, purge_at_night
from tests.pictures import photo
from tools.stack import Stack


@pytest.fixture
def images(client: Client, tmp_path: Path, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of three images of a project, in a folder where the command finds the stack."""
    paths = [tmp_path / f"{seed}.jpg" for seed in range(3)]
    for seed, path in enumerate(paths):
        path.write_bytes(photo(100 + seed, 60, 40))
    stack.write(tmp_path / ".local" / "stack.json")
    monkeypatch.chdir(tmp_path)
    return [verdict.asset_id or "" for verdict in upload_files(client, paths, "ledger").verdicts]


def audit(*options: str) -> Result:
    return CliRunner().invoke(app, ["admin", "audit", *options])


def test_deleted_image_is_purged_after_the_undo_window_and_the_audit_agrees(
    images: list[str], client: Client, stack: Stack, aws: Aws
) -> None:
    client.delete_asset(images[0])
    with Client(stack.api_url, stack.admin_key) as admin:
        young = admin.purge(days=0, dry_run=False)
        agreed = audit()
        age_graves(aws, stack, images[0], days=2)
        told, done, again = (admin.purge(days=0, dry_run=is_dry_run) for is_dry_run in (True, False, False))

    assert (young["renditions_found"], young["deleted_count"]) == (0, 0), "an undo window of a day"
    assert (told["renditions_to_delete"], told["deleted_count"]) == (9, 0)
    assert (done["deleted_count"], done["errors"], again["deleted_count"]) == (10, [], 0)
    assert (agreed.exit_code, audit().exit_code) == (0, 0), audit().stdout


def test_what_is_lost_and_what_is_nobodys_are_named(images: list[str], stack: Stack, aws: Aws) -> None:
    row = aws("dynamodb").get_item(
        TableName=stack.outputs["CatalogTableName"], Key={"pk": {"S": f"ASSET#{images[1]}"}, "sk": {"S": "ASSET"}}
    )["Item"]
    lost = row["renditions"]["M"]["card"]["M"]["key"]["S"]
    stray = lost.replace("card", "stray")
    bucket = {"Bucket": stack.outputs["RenditionsBucketName"]}
    kept = aws("s3").get_object(**bucket, Key=lost)["Body"].read()
    aws("s3").put_object(**bucket, Key=stray, Body=b"stray")
    aws("s3").delete_object(**bucket, Key=lost)

    bent = audit("--in-flight-s", "0", "--json")
    aws("s3").put_object(**bucket, Key=lost, Body=kept)
    aws("s3").delete_object(**bucket, Key=stray)
    mended = audit()

    differences = [row for tenant in json.loads(bent.stdout)["tenants"] for row in tenant["differences"]]
    assert bent.exit_code == 1
    assert sorted((row["kind"], row["key"]) for row in differences if row["key"] in {lost, stray}) == [
        ("object gone", lost),
        ("object without owner", stray),
    ]
    assert mended.exit_code == 0, mended.stdout


def test_nightly_purge_runs_as_deployed_once_a_day(images: list[str], client: Client, stack: Stack, aws: Aws) -> None:
    client.delete_asset(images[2])
    age_graves(aws, stack, images[2], days=40)

    first = purge_at_night(aws, stack)
    second = purge_at_night(aws, stack, is_new_day=False)

    assert (first["deleted_count"], first["errors"], first["has_more"]) == (10, [], False)
    assert second["deleted_count"] == 0
    assert audit().exit_code == 0
