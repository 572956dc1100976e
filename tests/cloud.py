"""The template's tables, buckets and queues in moto, so that fast tests run on the schema that is deployed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import yaml

from tests.snapshot import restore, taken

ROOT = Path(__file__).parent.parent
TOPIC = "Topic"
QUEUE_NAME = re.compile(r"(?<=:123456789012:)darkroom-(\w+)-EXAMPLE")


class _CloudFormation(yaml.SafeLoader):
    """Reads !Ref and its like as {"Ref": …}, which is what they are short for."""


def _short_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Any:
    name = tag if tag in {"Ref", "Condition"} else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        return {name: str(text).split(".") if tag == "GetAtt" else text}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_CloudFormation.add_multi_constructor("!", _short_form)


@cache
def template() -> dict[str, Any]:
    return yaml.load((ROOT / "template.yaml").read_text(), Loader=_CloudFormation)


def resources(kind: str) -> dict[str, dict[str, Any]]:
    return {name: found for name, found in template()["Resources"].items() if found["Type"] == kind}


@cache
def client(service: str) -> Any:
    """A client of the test, apart from those of the stores. It outlives its mock: making one takes 20 ms."""
    return boto3.client(service)


@cache
def table(name: str) -> Any:
    return boto3.resource("dynamodb").Table(name)


@dataclass(frozen=True)
class Cloud:
    jobs_table: str
    catalog_table: str
    originals_bucket: str
    renditions_bucket: str
    queue_urls: dict[str, str]
    """Logical id → URL."""
    stream_arn: str
    topic_arn: str

    @property
    def environment(self) -> dict[str, str]:
        """What the functions read of it."""
        parameters = template()["Parameters"]
        limits = {
            "MAX_FILE_BYTES": "MaxFileBytes",
            "MAX_IMAGE_PIXELS": "MaxImagePixels",
            "MAX_IMAGE_EDGE": "MaxImageEdge",
            "MAX_IMAGE_FRAMES": "MaxImageFrames",
            "URL_LIFETIME": "UrlLifetime",
            "PURGE_MODE": "PurgeMode",
            "PURGE_DAYS": "PurgeDays",
            "PURGE_MOST_STRAYS": "PurgeMostStrays",
        }
        return {
            "JOBS_TABLE": self.jobs_table,
            "CATALOG_TABLE": self.catalog_table,
            "ORIGINALS_BUCKET": self.originals_bucket,
            "RENDITIONS_BUCKET": self.renditions_bucket,
            **{f"{_upper(name)}_URL": url for name, url in self.queue_urls.items()},
            "WEBSOCKET_API": "a1b2c3d4e5/live",
            "TOPIC_ARN": self.topic_arn,
            "STALL_SECONDS": str(template()["Mappings"]["Scale"][parameters["Scale"]["Default"]]["StallSeconds"]),
            **{name: str(parameters[parameter]["Default"]) for name, parameter in limits.items()},
        }


def _upper(name: str) -> str:
    """RenditionsQueue → RENDITIONS_QUEUE."""
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name).lstrip("_")


def build() -> Cloud:
    """Have them in moto: made once in a process, from then on as copies."""
    cloud, snapshot = _built()
    restore(snapshot)
    client("sns").create_topic(Name=TOPIC)  # moto's topics are bound to their mock
    return cloud


@cache
def _built() -> tuple[Cloud, bytes]:
    return make(), taken()


def make() -> Cloud:
    """Make them wherever boto3 goes, in moto or on an emulator."""
    return Cloud(
        jobs_table=_table("JobsTable"),
        catalog_table=_table("CatalogTable"),
        originals_bucket=_bucket("OriginalsBucket"),
        renditions_bucket=_bucket("RenditionsBucket"),
        queue_urls={name: _queue(name) for name in resources("AWS::SQS::Queue")},
        stream_arn=client("dynamodb").describe_table(TableName="JobsTable")["Table"]["LatestStreamArn"],
        topic_arn=client("sns").create_topic(Name=TOPIC)["TopicArn"],
    )


def _table(name: str) -> str:
    properties = template()["Resources"][name]["Properties"]
    indexes = {
        kind: properties[kind] for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes") if kind in properties
    }
    stream = properties.get("StreamSpecification")
    client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=properties["AttributeDefinitions"],
        KeySchema=properties["KeySchema"],
        **indexes,
        **({"StreamSpecification": {"StreamEnabled": True, **stream}} if stream else {}),
    )
    return name


def _bucket(name: str) -> str:
    bucket = name.lower()
    client("s3").create_bucket(Bucket=bucket)
    if "VersioningConfiguration" in template()["Resources"][name]["Properties"]:
        client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def _queue(name: str) -> str:
    return client("sqs").create_queue(QueueName=name)["QueueUrl"]


def recorded(name: str) -> dict[str, Any]:
    """A recorded event of events/, its queues called as they are here."""
    return json.loads(QUEUE_NAME.sub(r"\1", (ROOT / "events" / f"{name}.json").read_text()))
