"""A whole Darkroom in one process: the real use cases on moto, with the deliveries in the test's hands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from shared.domain.job import Job
from shared.domain.keys import OriginalKey
from shared.domain.limits import Limits
from shared.domain.task import Task
from shared.messages import AssetRequest, UploadedObject
from shared.schemas import CreateUpload, UploadCreated
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore, RenditionStore
from shared.stores.jobs import JobStore
from shared.stores.queues import Queue
from shared.stores.tasks import TaskStore
from shared.stores.tenants import TenantStore
from shared.streams import changed_tasks
from shared.usecases.count_progress import count_progress
from shared.usecases.create_upload import Sessions, create_upload
from shared.usecases.make_renditions import RenditionWork, make_renditions
from shared.usecases.score_asset import ScoreWork, score_asset
from shared.usecases.validate_upload import Validation, validate_upload
from tests.cloud import Cloud

TENANT = "tenant_00000000000000000000000000"
PROJECT = "shop"
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class World:
    cloud: Cloud
    now: datetime = START
    _read: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cloud = self.cloud
        self.jobs, self.tasks = JobStore(cloud.jobs_table), TaskStore(cloud.jobs_table)
        self.catalog, self.tenants = CatalogStore(cloud.catalog_table), TenantStore(cloud.catalog_table)
        self.limits = Limits()
        self.originals = OriginalStore(cloud.originals_bucket, self.limits.max_bytes)
        self.renditions = RenditionStore(cloud.renditions_bucket)
        self.renditions_queue = Queue(cloud.queue_urls["RenditionsQueue"])
        self.quality_queue = Queue(cloud.queue_urls["QualityQueue"])
        self.sessions = Sessions(self.jobs, self.catalog, self.tenants, self.originals, self.limits.max_bytes)
        self.validation = Validation(
            self.jobs,
            self.tasks,
            self.catalog,
            self.originals,
            self.renditions_queue,
            self.quality_queue,
            self.limits,
        )
        self.rendition_work = RenditionWork(self.jobs, self.tasks, self.catalog, self.originals, self.renditions)
        self.score_work = ScoreWork(self.jobs, self.tasks, self.catalog, self.originals)

    def clock(self) -> datetime:
        """Each look at the clock is a millisecond later than the last."""
        self.now += timedelta(milliseconds=1)
        return self.now

    # ── What people do ────────────────────────────────────────────────────────────────────────────────────────

    def open_session(self, files: Iterable[bytes], sha256: str | None = None, tenant: str = TENANT) -> UploadCreated:
        request = {
            "project": PROJECT,
            "files": [
                {"filename": f"{i}.jpg", "content_type": "image/jpeg", "bytes": len(body), "sha256": sha256}
                for i, body in enumerate(files)
            ],
        }
        return create_upload(CreateUpload.model_validate(request), tenant, self.sessions, self.clock)

    def put(self, job_id: str, task_id: str, body: bytes, tenant: str = TENANT) -> UploadedObject:
        """What S3 does with a presigned POST: a new version, and an event about it."""
        key = str(OriginalKey(tenant, job_id, task_id))
        stored = boto3.client("s3").put_object(Bucket=self.cloud.originals_bucket, Key=key, Body=body)
        return UploadedObject(key=key, version_id=stored["VersionId"], bytes=len(body))

    def upload(self, *files: bytes) -> tuple[str, list[UploadedObject]]:
        session = self.open_session(files)
        uploads = zip(session.uploads, files, strict=True)
        return session.job_id, [self.put(session.job_id, task.task_id, body) for task, body in uploads if task.upload]

    # ── What AWS delivers ─────────────────────────────────────────────────────────────────────────────────────

    def validate(self, uploaded: UploadedObject) -> None:
        validate_upload(uploaded, self.validation, self.clock)

    def render(self, request: AssetRequest) -> None:
        make_renditions(request, self.rendition_work, self.clock)

    def score(self, request: AssetRequest) -> None:
        score_asset(request, self.score_work, self.clock)

    def sent(self, name: str) -> list[AssetRequest]:
        """The messages sent to a queue since the last look."""
        client, url = boto3.client("sqs"), self.cloud.queue_urls[name]
        found = []
        while received := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in received:
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(AssetRequest.model_validate_json(message["Body"]))
        return found

    def facts(self) -> list[dict[str, Any]]:
        """The stream's records since the last look that pass the template's filter: what workers wrote."""
        client = boto3.client("dynamodbstreams")
        shard = client.describe_stream(StreamArn=self.cloud.stream_arn)["StreamDescription"]["Shards"][0]["ShardId"]
        after = self._read.get(shard)
        iterator = client.get_shard_iterator(
            StreamArn=self.cloud.stream_arn,
            ShardId=shard,
            **(
                {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
                if after
                else {"ShardIteratorType": "TRIM_HORIZON"}
            ),
        )["ShardIterator"]
        records: list[dict[str, Any]] = client.get_records(ShardIterator=iterator)["Records"]
        if records:
            self._read[shard] = records[-1]["dynamodb"]["SequenceNumber"]
        return [
            record for record in records if record["dynamodb"].get("NewImage", {}).get("by", {}).get("S") == "worker"
        ]

    def project(self, records: list[dict[str, Any]] | None = None) -> None:
        event = {"Records": self.facts() if records is None else records}
        for job_id, task_ids in changed_tasks(event).items():
            count_progress(job_id, task_ids, self.jobs, self.clock)

    def run(self, uploads: Iterable[UploadedObject]) -> None:
        """Deliver everything once, in the usual order."""
        for uploaded in uploads:
            self.validate(uploaded)
        for request in self.sent("RenditionsQueue"):
            self.render(request)
        for request in self.sent("QualityQueue"):
            self.score(request)
        self.project()

    # ── What is then the case ─────────────────────────────────────────────────────────────────────────────────

    def job(self, job_id: str) -> Job:
        return self.jobs.read(job_id, self.now)

    def task(self, job_id: str, index: int = 0) -> Task:
        return self.all_tasks(job_id)[index]

    def all_tasks(self, job_id: str) -> list[Task]:
        return self.tasks.page(job_id, is_failed_only=False, changed_since=None, cursor=None).tasks

    def objects(self, bucket: str) -> set[str]:
        """Every version of every object, as `key@version`."""
        listed = boto3.client("s3").list_object_versions(Bucket=bucket)
        return {f"{found['Key']}@{found['VersionId']}" for found in listed.get("Versions", [])}

    def usage(self, tenant: str = TENANT) -> dict[str, int]:
        """The tenant's counters, summed over their shards."""
        found = (
            boto3.resource("dynamodb")
            .Table(self.cloud.catalog_table)
            .query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": f"USAGE#{tenant}"})
        )
        total: dict[str, int] = {}
        for row in found["Items"]:
            for name in row.keys() - {"pk", "sk"}:
                total[name] = total.get(name, 0) + int(row[name])
        return total
