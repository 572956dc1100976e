"""Originals and renditions in S3, and the signed URLs that let others put and get them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.asset import Original
from shared.domain.keys import ORIGINALS
from shared.errors import FileTooLarge, NotReady, OriginalGone, Transient
from shared.stores.patience import patience

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DELETES_PER_CALL = 1000

GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed"})
# A rendition goes only when another takes its place; whoever reads the asset anew then finds that one.
REPLACED_WITHIN_S = 2


@cache
def s3() -> S3Client:
    # Signature v4 and the regional endpoint: signed URLs otherwise name the global host.
    return boto3.client(
        "s3",
        config=patience(
            read_s=20,  # between two parts of an answer
            tries=5,
            signature_version="s3v4",
            s3={"us_east_1_regional_endpoint": "regional", "addressing_style": "virtual"},
        ),
    )


@dataclass(frozen=True)
class Stored:
    """An object in a bucket, or one version of it. A delete marker has no bytes."""

    key: str
    version_id: str
    bytes: int
    written_at: datetime


@dataclass(frozen=True)
class SignedPost:
    url: str
    fields: dict[str, str]


@dataclass(frozen=True)
class OriginalStore:
    bucket: str
    max_bytes: int = 0

    def sign_post(self, key: str, content_type: str, size: int, lifetime_s: int) -> SignedPost:
        """A grant: whoever holds it may post exactly this key, type and number of bytes."""
        signed = s3().generate_presigned_post(
            self.bucket,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", size, size]],
            ExpiresIn=lifetime_s,
        )
        return SignedPost(signed["url"], signed["fields"])

    def read(self, original: Original) -> bytes:
        """The bytes of that very version. Raises OriginalGone, FileTooLarge before reading, or Transient."""
        return self._read({"Key": original.key, "VersionId": original.version_id})

    def read_latest(self, key: str) -> bytes:
        """The bytes that were written last. Raises as `read`."""
        return self._read({"Key": key})

    def _read(self, named: dict[str, Any]) -> bytes:
        try:
            answer = s3().get_object(Bucket=self.bucket, **named)
            if answer["ContentLength"] > self.max_bytes:
                raise FileTooLarge(
                    f"The file has more than {self.max_bytes} bytes.",
                    limit=self.max_bytes,
                    measured=answer["ContentLength"],
                )
            return answer["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                raise OriginalGone from error
            raise Transient("The original cannot be read now.") from error
        except BotoCoreError as error:
            raise Transient("The original cannot be read now.") from error

    def is_there(self, original: Original) -> bool:
        """Whether that very version can still be read."""
        return self._written_at(original) is not None

    def is_younger(self, original: Original, age: timedelta, now: datetime) -> bool:
        """Whether that version is there and was written less than `age` ago."""
        written_at = self._written_at(original)
        return written_at is not None and now - written_at < age

    def _written_at(self, original: Original) -> datetime | None:
        try:
            found = s3().head_object(Bucket=self.bucket, Key=original.key, VersionId=original.version_id)
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return None
            raise Transient("The original cannot be looked at now.") from error
        except BotoCoreError as error:
            raise Transient("The original cannot be looked at now.") from error
        return found["LastModified"]

    def arrived(self, prefix: str) -> dict[str, Original]:
        """Key → the oldest version of each object under a prefix."""
        oldest: dict[str, Original] = {}
        try:
            for page in s3().get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix):
                for found in page.get("Versions", []):  # of one key, the newest first
                    oldest[found["Key"]] = Original(found["Key"], found["VersionId"])
        except (ClientError, BotoCoreError) as error:
            raise Transient("The originals cannot be listed now.") from error
        return oldest

    def page(self, cursor: str | None) -> tuple[list[Stored], str | None]:
        """Up to a thousand versions of originals, by key, and where the next page begins (None: this was the last)."""
        markers = dict(zip(("KeyMarker", "VersionIdMarker"), json.loads(cursor), strict=True)) if cursor else {}
        try:
            answer = s3().list_object_versions(Bucket=self.bucket, Prefix=ORIGINALS, **markers)
        except (ClientError, BotoCoreError) as error:
            raise Transient("The originals cannot be listed now.") from error
        found = [
            *(
                Stored(row["Key"], row["VersionId"], row["Size"], row["LastModified"])
                for row in answer.get("Versions", [])
            ),
            *(Stored(row["Key"], row["VersionId"], 0, row["LastModified"]) for row in answer.get("DeleteMarkers", [])),
        ]
        if not answer["IsTruncated"]:
            return found, None
        return found, json.dumps([answer["NextKeyMarker"], answer["NextVersionIdMarker"]])

    def delete(self, original: Original) -> None:
        """Delete that one version; of what is gone already, nothing."""
        try:
            s3().delete_object(Bucket=self.bucket, Key=original.key, VersionId=original.version_id)
        except (ClientError, BotoCoreError) as error:
            raise Transient("The original cannot be deleted now.") from error


@dataclass(frozen=True)
class RenditionStore:
    bucket: str

    def put(self, key: str, body: bytes, content_type: str) -> None:
        try:
            s3().put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                CacheControl="private, max-age=31536000, immutable",  # the key names the recipe
            )
        except (ClientError, BotoCoreError) as error:
            raise Transient("The rendition cannot be stored now.") from error

    def read(self, key: str) -> bytes:
        """Raises NotReady when it is gone, or Transient."""
        try:
            return s3().get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                raise NotReady(REPLACED_WITHIN_S) from error
            raise Transient("The rendition cannot be read now.") from error
        except BotoCoreError as error:
            raise Transient("The rendition cannot be read now.") from error

    def delete(self, keys: Sequence[str]) -> None:
        """Delete any number; what is gone already is no error. Raises Transient when any of them is left."""
        left: list[str] = []
        for first in range(0, len(keys), DELETES_PER_CALL):
            objects = [{"Key": key} for key in keys[first : first + DELETES_PER_CALL]]
            try:
                answer = s3().delete_objects(Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True})  # type: ignore[typeddict-item]
            except (ClientError, BotoCoreError) as error:
                raise Transient("Renditions cannot be deleted now.") from error
            left += [found.get("Key", "") for found in answer.get("Errors", [])]
        if left:
            raise Transient(f"{len(left)} renditions cannot be deleted now.")

    def page(self, after: str | None) -> tuple[list[Stored], str | None]:
        """Up to a thousand objects by key, hash segments among them, and the last key (None: there are no more)."""
        start: dict[str, Any] = {"StartAfter": after} if after else {}
        try:
            answer = s3().list_objects_v2(Bucket=self.bucket, **start)
        except (ClientError, BotoCoreError) as error:
            raise Transient("Renditions cannot be listed now.") from error
        found = [Stored(item["Key"], "null", item["Size"], item["LastModified"]) for item in answer.get("Contents", [])]
        return found, found[-1].key if answer["IsTruncated"] else None

    def under(self, prefix: str) -> Iterator[str]:
        """The keys under a prefix."""
        try:
            for page in s3().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                yield from (found["Key"] for found in page.get("Contents", []))
        except (ClientError, BotoCoreError) as error:
            raise Transient("Renditions cannot be listed now.") from error

    def sign_url(self, key: str, lifetime_s: int) -> str:
        return s3().generate_presigned_url(
            "get_object", Params={"Bucket": self.bucket, "Key": key}, ExpiresIn=lifetime_s
        )
