"""Compare a stack's ledger with its buckets. Reads the tables and buckets themselves, so it needs boto3 and access."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from darkroom.audit import COUNTERS, Audit, Books, Difference, Owned, Stored, TenantAudit, counter_differences
from darkroom.config import LOCAL_STACK
from darkroom.errors import ConfigError, DarkroomError

ORIGINALS, RENDITIONS = "originals", "renditions"
PASSING = ("scratch/", "manifests/")
"""What lifecycle rules delete; nobody counts it."""

IN_FLIGHT_S = 900
"""No work on an image takes longer: what is younger may be recorded yet."""

ANSWERS = {404: False, 405: True}
"""Whether it is there, by the status of a HEAD; 405 is said of a delete marker. Any other is no answer."""

DISOWNED = {"refused", "exists", "expired"}
READ = (
    *("pk", "sk", "tenant", "original", "bytes", "renditions", "grave_of", "original_bytes", "segments", "retired"),
    *COUNTERS,
)
"""What is read of a row of the catalog table."""

_TENANT = re.compile(r"^(?:originals|renditions|hashes)/(tenant_[0-9a-z]{26})/")
_UPLOAD = re.compile(r"^originals/[^/]+/([^/]+)/([^/]+)$")
_RENDITION = re.compile(r"^renditions/[^/]+/[^/]+/([^/]+)/[^/]+$")

Row = dict[str, Any]
OnProgress = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """Where a stack's tables and buckets are, and the clients that reach them."""

    dynamodb: Any
    s3: Any
    catalog_table: str
    jobs_table: str
    buckets: Mapping[str, str]


class AuditFailed(DarkroomError):
    """AWS did not answer, or not to this profile."""


def find_place(stack_name: str | None) -> Place:
    """The local stack of this folder, unless a stack is named; that one by the AWS profile. Raises ConfigError."""
    try:
        if stack_name is None and LOCAL_STACK.exists():
            return local_place(json.loads(LOCAL_STACK.read_text()))
        if stack_name is None:
            raise ConfigError("There is no local stack here. Name one: --stack-name darkroom (and set AWS_PROFILE).")
        session = boto3.Session()
        stack = session.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"][0]
        return _place(session, {row["OutputKey"]: row["OutputValue"] for row in stack["Outputs"]})
    except (BotoCoreError, ClientError, NoCredentialsError) as error:
        raise ConfigError(f"The stack cannot be described: {error}") from error


def local_place(stack: Mapping[str, Any]) -> Place:
    """That of a stack.json."""
    session = boto3.Session("test", "test", region_name=stack["region"])  # the emulator takes any keys
    return _place(session, stack["outputs"], endpoint_url=stack["aws_endpoint"])


def _place(session: boto3.Session, outputs: Mapping[str, str], **options: str) -> Place:
    return Place(
        dynamodb=session.client("dynamodb", **options),  # type: ignore[call-overload]
        s3=session.client("s3", **options),  # type: ignore[call-overload]
        catalog_table=outputs["CatalogTableName"],
        jobs_table=outputs["JobsTableName"],
        buckets={ORIGINALS: outputs["OriginalsBucketName"], RENDITIONS: outputs["RenditionsBucketName"]},
    )


def audit_stack(
    place: Place,
    on_progress: OnProgress = lambda _: None,
    in_flight_s: float = IN_FLIGHT_S,
    clock: Callable[[], float] = time.time,
) -> Audit:
    """Read the whole catalog table and list both buckets, then look once more at whatever differs.

    What nobody owns and is younger than `in_flight_s` is no difference. Takes a Scan of the table and one LIST for a
    thousand objects. Raises AuditFailed.
    """
    try:
        with Books() as books:
            return _Auditor(place, books, on_progress, in_flight_s, clock).run()
    except (BotoCoreError, ClientError) as error:
        raise AuditFailed(f"The audit was broken off: {error}") from error


class _Auditor:
    def __init__(
        self, place: Place, books: Books, on_progress: OnProgress, in_flight_s: float, clock: Callable[[], float]
    ) -> None:
        self._place, self._books, self._say = place, books, on_progress
        self._in_flight_s, self._clock = in_flight_s, clock
        self._found: dict[str, TenantAudit] = {}

    def run(self) -> Audit:
        names = dict(self._tenants())
        before = {tenant: self._counters(tenant) for tenant in names}
        self._found = {tenant: TenantAudit(tenant, name, before[tenant]) for tenant, name in names.items()}
        self._read_ledger()
        self._list_buckets()
        self._compare_counters()
        self._compare_objects()
        for tenant, objects, size in self._books.sizes():
            found = self._of(tenant)
            found.objects, found.bytes = objects, size
        return Audit(list(self._found.values()))

    def _of(self, tenant: str) -> TenantAudit:
        return self._found.setdefault(tenant, TenantAudit(tenant, "", {}))

    def _differ(self, kind: str, found: Owned | Stored, detail: str) -> None:
        self._of(found.tenant).differences.append(Difference(kind, found.tenant, found.key, found.version, detail))

    # ── The ledger ────────────────────────────────────────────────────────────────────────────────────────────

    def _tenants(self) -> Iterator[tuple[str, str]]:
        for row in self._query("pk = :pk", {":pk": "TENANTS"}):
            (own,) = self._query("pk = :pk AND sk = :sk", {":pk": f"TENANT#{row['sk']}", ":sk": "TENANT"})
            yield row["sk"], own["name"]

    def _counters(self, tenant: str) -> dict[str, int]:
        shards = list(self._query("pk = :pk", {":pk": f"USAGE#{tenant}"}))
        return {name: sum(int(shard.get(name, 0)) for shard in shards) for name in COUNTERS}

    def _read_ledger(self) -> None:
        names = {f"#{n}": name for n, name in enumerate(READ)}
        pages = self._place.dynamodb.get_paginator("scan").paginate(
            TableName=self._place.catalog_table,
            ConsistentRead=True,
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )
        read = 0
        for page in pages:
            for row in map(_unmarshal, page["Items"]):
                self._books.own(owned_by(row))
                self._add_up(row)
            read += page["Count"]
            self._say(f"{read:,} rows of the ledger read")

    def _add_up(self, row: Row) -> None:
        renditions = _renditions(row)
        size = sum(int(made["bytes"]) for made in renditions)
        if "grave_of" in row:
            self._books.count(row["grave_of"], awaiting_purge_bytes=int(row["original_bytes"]) + size)
        elif row["sk"] == "ASSET":
            self._books.count(
                row["tenant"],
                asset_count=1,
                asset_bytes=int(row["bytes"]),
                rendition_count=len(renditions),
                rendition_bytes=size,
            )

    # ── The buckets ───────────────────────────────────────────────────────────────────────────────────────────

    def _list_buckets(self) -> None:
        listed = 0
        for bucket, name in self._place.buckets.items():
            for page in self._place.s3.get_paginator("list_object_versions").paginate(Bucket=name):
                found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                self._books.store(_stored(bucket, row) for row in found if not row["Key"].startswith(PASSING))
                listed += len(found)
                self._say(f"{listed:,} objects listed")

    # ── Both ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _compare_counters(self) -> None:
        for tenant in {*self._found, *self._books.recount}:
            found, now = self._of(tenant), self._counters(tenant)
            found.is_moving = found.counters != now
            if not found.is_moving:
                found.differences += counter_differences(tenant, now, self._books.recount.get(tenant, Counter()))

    def _compare_objects(self) -> None:
        self._say("comparing")
        for owned, size in self._books.of_other_size():
            if self._is_named(owned):
                self._differ("size differs", owned, f"{owned.owner} says {owned.bytes:,} bytes, there are {size:,}")
        for owned, other in self._books.owned_twice():
            if self._is_named(owned) and self._is_named(replace(owned, owner=other)):
                self._differ("owned twice", owned, f"by {owned.owner} and by {other}")
        for owned in self._books.without_object():
            if self._is_named(owned) and not self._is_there(owned):
                self._differ("object gone", owned, f"named by {owned.owner}")
        for stored in self._books.without_owner():
            self._judge(stored)

    def _judge(self, stored: Stored) -> None:
        if self._owner_now(stored) or not self._is_there(stored):
            return  # it found its owner, or its end, while the audit was reading
        if self._clock() - stored.written_at < self._in_flight_s or self._is_awaited(stored):
            self._of(stored.tenant).in_flight += 1
        else:
            self._differ("object without owner", stored, f"{stored.bytes:,} bytes")

    def _is_named(self, owned: Owned) -> bool:
        """Whether this owner still names it, read anew."""
        pk, _, _ = owned.owner.partition(" ")
        return owned.owner in self._owners_in(pk, owned)

    def _owner_now(self, stored: Stored) -> bool:
        """Whether an asset or a grave of the task in its key names it, read anew."""
        upload, rendition = _UPLOAD.match(stored.key), _RENDITION.match(stored.key)
        creator = f"{upload[1]}.{upload[2]}" if upload else rendition[1] if rendition else None
        if creator is None:
            return False
        made = self._query("creator = :creator", {":creator": creator}, index="by_creator")
        return any(self._owners_in(pk, stored) for pk in {row["pk"] for row in made})

    def _owners_in(self, pk: str, found: Owned | Stored) -> set[str]:
        """Those of a partition that name it."""
        named = (owned for row in self._query("pk = :pk", {":pk": pk}) for owned in owned_by(row))
        return {owned.owner for owned in named if (owned.key, owned.version) == (found.key, found.version)}

    def _is_there(self, found: Owned | Stored) -> bool:
        version = {} if found.version == "null" else {"VersionId": found.version}
        try:
            self._place.s3.head_object(Bucket=self._place.buckets[found.bucket], Key=found.key, **version)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status not in ANSWERS:
                raise
            return ANSWERS[status]
        return True

    def _is_awaited(self, stored: Stored) -> bool:
        """Whether it is an upload whose job may still make something of it."""
        upload = _UPLOAD.match(stored.key)
        if stored.bucket != ORIGINALS or not upload:
            return False
        job, task = (self._job_row(upload[1], sk) for sk in ("JOB", f"TASK#{upload[2]}"))
        if job is None or task is None or int(job["expires_at"]) <= self._clock() or task.get("outcome") in DISOWNED:
            return False
        if task["stages"]["validation"] == "completed" or (job["status"] == "cancelled" and "version_id" not in task):
            return False
        return task.get("version_id") in {None, stored.version}

    # ── DynamoDB ──────────────────────────────────────────────────────────────────────────────────────────────

    def _job_row(self, job_id: str, sk: str) -> Row | None:
        found = self._place.dynamodb.get_item(
            TableName=self._place.jobs_table,
            Key={"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": sk}},
            ConsistentRead=True,
        )
        return _unmarshal(found["Item"]) if "Item" in found else None

    def _query(self, condition: str, values: Mapping[str, str], index: str | None = None) -> Iterator[Row]:
        pages = self._place.dynamodb.get_paginator("query").paginate(
            TableName=self._place.catalog_table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
            **({"IndexName": index} if index else {"ConsistentRead": True}),
        )
        return (_unmarshal(row) for page in pages for row in page["Items"])


def owned_by(row: Row) -> Iterator[Owned]:
    """The objects that a row of the catalog table names: an asset's, a grave's, or those of a list of hash segments."""
    owner = f"{row['pk']} {row['sk']}"
    if row["sk"] == "SEGMENTS":
        tenant = row["pk"].split("#")[1]
        for segment in row["segments"]:
            yield Owned(RENDITIONS, segment["key"], "null", None, tenant, owner)
        for key in row["retired"]:
            yield Owned(RENDITIONS, key, "null", None, tenant, owner, is_required=False)
        return
    if row["sk"] != "ASSET" and "grave_of" not in row:
        return
    tenant = row["tenant"]
    if original := row.get("original"):
        size = int(row["original_bytes"] if "grave_of" in row else row["bytes"])
        yield Owned(ORIGINALS, original["key"], original["version_id"], size, tenant, owner)
    for made in _renditions(row):
        yield Owned(RENDITIONS, made["key"], "null", int(made["bytes"]), tenant, owner)


def _renditions(row: Row) -> list[Row]:
    """An asset's are a map by preset, a grave's a list."""
    found = row.get("renditions", [])
    return list(found.values()) if isinstance(found, dict) else found


def _stored(bucket: str, row: Row) -> Stored:
    tenant = _TENANT.match(row["Key"])
    return Stored(
        bucket=bucket,
        key=row["Key"],
        version=row["VersionId"],
        bytes=row.get("Size", 0),
        tenant=tenant[1] if tenant else "",
        written_at=row["LastModified"].timestamp(),
    )


def _unmarshal(item: Mapping[str, Any]) -> Row:
    return {name: _DESERIALIZER.deserialize(value) for name, value in item.items()}


_DESERIALIZER = TypeDeserializer()
