"""Grant the upload of a large image that is to be compared, and never becomes an asset."""

from __future__ import annotations

import secrets

from shared.clock import Clock, utc_now
from shared.domain.ids import scratch_id_of
from shared.domain.keys import scratch_key
from shared.domain.presets import CONTENT_TYPES
from shared.errors import FileTooLarge, UnsupportedMediaType
from shared.schemas import CreateScratch, Grant, ScratchGranted
from shared.stores.images import OriginalStore
from shared.usecases.grant import GRANT_LIFETIME_S, granted_until


def grant_scratch(
    request: CreateScratch, tenant: str, originals: OriginalStore, max_bytes: int, clock: Clock = utc_now
) -> ScratchGranted:
    """A presigned POST of exactly that type and size; S3 forgets the file after a day.

    Raises FileTooLarge, or UnsupportedMediaType.
    """
    if request.bytes > max_bytes:
        raise FileTooLarge(limit=max_bytes, measured=request.bytes)
    if request.content_type not in CONTENT_TYPES:
        raise UnsupportedMediaType(f"One of {', '.join(sorted(CONTENT_TYPES))}.")
    scratch_id = scratch_id_of(secrets.token_bytes(20))
    signed = originals.sign_post(scratch_key(tenant, scratch_id), request.content_type, request.bytes, GRANT_LIFETIME_S)
    upload = Grant(url=signed.url, fields=signed.fields, expires_at=granted_until(clock()))
    return ScratchGranted(scratch_id=scratch_id, upload=upload)
