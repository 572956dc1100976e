"""Manifests in S3: a job's frozen list of assets, in chunks."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.dispatch import Chunk, Entry
from shared.domain.keys import manifest_key
from shared.errors import Transient
from shared.stores.images import s3


@dataclass(frozen=True)
class ManifestStore:
    bucket: str

    def keep_chunk(self, tenant: str, job_id: str, number: int, chunk: Chunk) -> Chunk:
        """The chunk that stands under this number: this one, or the one that was written first.

        Two dispatchers at the same step may list differently; whichever is written first is what both go by.
        """
        try:
            s3().put_object(
                Bucket=self.bucket,
                Key=manifest_key(tenant, job_id, number),
                Body=_packed(chunk),
                ContentType="application/gzip",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in {"PreconditionFailed", "ConditionalRequestConflict"}:
                return self.read_chunk(tenant, job_id, number)
            raise Transient("The manifest cannot be stored now.") from error
        except BotoCoreError as error:
            raise Transient("The manifest cannot be stored now.") from error
        return chunk

    def read_chunk(self, tenant: str, job_id: str, number: int) -> Chunk:
        try:
            answer = s3().get_object(Bucket=self.bucket, Key=manifest_key(tenant, job_id, number))
            return _unpacked(answer["Body"].read())
        except (ClientError, BotoCoreError) as error:
            raise Transient("The manifest cannot be read now.") from error


def _packed(chunk: Chunk) -> bytes:
    """JSON lines, compressed: where the next chunk begins, then one entry each."""
    entries: Sequence[object] = [[entry.asset_id, entry.filename] for entry in chunk.entries]
    return gzip.compress("\n".join(json.dumps(line) for line in (chunk.next_cursor, *entries)).encode(), mtime=0)


def _unpacked(body: bytes) -> Chunk:
    next_cursor, *entries = (json.loads(line) for line in gzip.decompress(body).decode().splitlines())
    return Chunk([Entry(*entry) for entry in entries], next_cursor)
