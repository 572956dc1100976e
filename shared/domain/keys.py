"""S3 keys and table keys: built and parsed here, and nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_plus

from shared.domain.ids import ASSET_ID, JOB_ID, PROJECT, TASK_ID, TENANT_ID

JOB_ROW = "JOB"
DISPATCH_ROW = "DISPATCH"
TASK_PREFIX = "TASK#"
ASSET_ROW = "ASSET"
TENANT_ROW = "TENANT"
API_KEY_ROW = "KEY"
PRESETS_ROW = "PRESETS"
TICKET_ROW = "TICKET"
CONNECTION_ROW = "CONNECTION"
OPEN = "OPEN"
TENANTS = "TENANTS"
NEAREST_PREFIX = "NEAREST_OF#"
HASH_PREFIX = "HASH#"
SEGMENTS_ROW = "SEGMENTS"
COMPACTION_ROW = "COMPACTION"
ADMISSIONS_PREFIX = "ADMISSIONS#"
PURGE = "PURGE"
ROUND_ROW = "ROUND"
ORIGINALS = "originals/"
RENDITIONS = "renditions/"

_ORIGINAL = re.compile(rf"originals/({TENANT_ID.pattern})/({JOB_ID.pattern})/({TASK_ID.pattern})")

CREATOR = rf"{JOB_ID.pattern}\.{TASK_ID.pattern}"
_RENDITION = re.compile(rf"renditions/{TENANT_ID.pattern}/({ASSET_ID.pattern})/({CREATOR})/[^/]+")
_SEGMENT = re.compile(rf"hashes/({TENANT_ID.pattern})/({PROJECT.pattern})/(\d+)/(\d+)-[0-9a-f]+")


@dataclass(frozen=True)
class OriginalKey:
    """Where a task's upload lies: no file name in it, so no name can break it."""

    tenant: str
    job_id: str
    task_id: str

    def __str__(self) -> str:
        return f"originals/{self.tenant}/{self.job_id}/{self.task_id}"

    @classmethod
    def parse(cls, key: str) -> OriginalKey | None:
        """None when the key is none of ours."""
        match = _ORIGINAL.fullmatch(key)
        return cls(*match.groups()) if match else None


def from_event(key: str) -> str:
    """An object's key as S3 events spell it: percent-encoded, a space as `+`."""
    return unquote_plus(key)


def rendition_key(prefix: str, preset: str, recipe: str, extension: str, edition: int = 0) -> str:
    """`prefix` is what all of the asset's lie under."""
    suffix = f"-{edition}" if edition else ""
    return f"{prefix}{preset}-{recipe}{suffix}.{extension}"


def renditions_prefix(tenant: str, asset_id: str, creator: str) -> str:
    """What all renditions of an asset's one life lie under.

    `creator` is the task that made it: after a purge and a new upload the keys are new ones.
    """
    return f"renditions/{tenant}/{asset_id}/{creator}/"


def life_of(rendition_key: str) -> tuple[str, str] | None:
    """(asset id, creator) of a rendition; None when the key is none of ours."""
    match = _RENDITION.fullmatch(rendition_key)
    return (match[1], match[2]) if match else None


def creator_of(job_id: str, task_id: str) -> str:
    return f"{job_id}.{task_id}"


def job_pk(job_id: str) -> str:
    return f"JOB#{job_id}"


def job_of_pk(pk: str) -> str:
    """The id of the job whose rows these are."""
    return pk.removeprefix("JOB#")


def task_sk(task_id: str) -> str:
    return TASK_PREFIX + task_id


def task_of_row(pk: str, sk: str) -> tuple[str, str] | None:
    """(job id, task id) of a task's row; None when the row is no task."""
    if not sk.startswith(TASK_PREFIX):
        return None
    return job_of_pk(pk), sk.removeprefix(TASK_PREFIX)


def project_key(tenant: str, project: str) -> str:
    return f"{tenant}#{project}"


def project_pk(tenant: str, project: str) -> str:
    return f"PROJECT#{tenant}#{project}"


def latest_sk(kind: str) -> str:
    return f"LATEST#{kind}"


def poison_pk(tenant: str) -> str:
    return f"POISON#{tenant}"


def manifest_key(tenant: str, job_id: str, chunk: int) -> str:
    return f"manifests/{tenant}/{job_id}/{chunk:06d}.json.gz"


def scratch_key(tenant: str, scratch_id: str) -> str:
    return f"scratch/{tenant}/{scratch_id}"


def originals_prefix(tenant: str, job_id: str) -> str:
    return f"originals/{tenant}/{job_id}/"


def asset_pk(asset_id: str) -> str:
    return f"ASSET#{asset_id}"


def asset_of_pk(pk: str) -> str:
    """The id of the asset whose rows these are."""
    return pk.removeprefix("ASSET#")


def label_sk(label: str) -> str:
    return f"LABEL#{label}"


def label_key(tenant: str, project: str, label: str) -> str:
    """Groups a project's assets that share a label: an issue, or a category of suitability."""
    return f"{tenant}#{project}#{label}"


def issue_label(issue: str) -> str:
    return f"issue/{issue}"


def category_label(category: str) -> str:
    return f"category/{category}"


def grave_sk(creator: str, revision: int | None) -> str:
    """Of a deleted asset (None), or of renditions that were replaced at this revision."""
    return f"GRAVE#{creator}" if revision is None else f"GRAVE#{creator}#{revision}"


def nearest_prefix(created_at: str) -> str:
    """In the partition of an image: who has it, as it was created then, as the nearest."""
    return f"{NEAREST_PREFIX}{created_at}#"


def nearest_sk(created_at: str, distance: int, asset_id: str) -> str:
    """Sorts those that have it as their nearest by their distance in bits."""
    return f"{nearest_prefix(created_at)}{distance:02d}#{asset_id}"


def follower_of_sk(sk: str) -> tuple[str, int]:
    """The id and the distance of the one that such a row is of."""
    *_, distance, asset_id = sk.split("#")
    return asset_id, int(distance)


def hashes_pk(tenant: str, project: str, version: int) -> str:
    return f"HASHES#{tenant}#{project}#{version}"


def hash_sk(created_at: str, asset_id: str, is_removed: bool) -> str:
    """A removal has a row of its own: whoever deletes the rows that it read may not take it along unread."""
    return f"{HASH_PREFIX}{created_at}#{asset_id}" + ("#removed" if is_removed else "")


def segment_key(tenant: str, project: str, version: int, name: str) -> str:
    return f"hashes/{tenant}/{project}/{version}/{name}"


def list_of_segment(segment_key: str) -> tuple[str, int] | None:
    """(the partition of the list that may name it, the revision of that list that it was made for)."""
    match = _SEGMENT.fullmatch(segment_key)
    return (hashes_pk(match[1], match[2], int(match[3])), int(match[4])) if match else None


def statistics_pk(tenant: str, project: str) -> str:
    return f"STATISTICS#{tenant}#{project}"


def tenant_pk(tenant: str) -> str:
    return f"TENANT#{tenant}"


def tenant_name_pk(name: str) -> str:
    return f"TENANT_NAME#{name}"


def project_sk(project: str) -> str:
    return f"PROJECT#{project}"


def tenant_key_sk(key_id: str) -> str:
    """In the partition of a tenant: one of its API keys."""
    return f"KEY#{key_id}"


def api_key_pk(key_id: str) -> str:
    return f"KEY#{key_id}"


def usage_pk(tenant: str) -> str:
    return f"USAGE#{tenant}"


def shard_sk(shard: int) -> str:
    return f"SHARD#{shard:02d}"


def admissions_sk(shard: int) -> str:
    """In the partition of a tenant's usage: a query reads it before the counters."""
    return f"{ADMISSIONS_PREFIX}{shard:02d}"


def ticket_pk(digest: str) -> str:
    return f"TICKET#{digest}"


def connection_pk(connection_id: str) -> str:
    """The rows of a connection: its own, and one named by `job_pk` for each job that it subscribed to."""
    return f"CONNECTION#{connection_id}"


def subscribers_pk(job_id: str) -> str:
    return f"SUBSCRIBERS#{job_id}"
