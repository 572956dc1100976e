"""Compare a file, or another asset, with an asset; a large file goes by a grant."""

from __future__ import annotations

from pathlib import Path

from darkroom.api import Client
from darkroom.errors import ApiError
from darkroom.files import LocalFile, find_files
from darkroom.models import Compared, ScratchGrant

# As many as the server takes in a body.
MAX_BODY_BYTES = 4_400_000


def compare_file(client: Client, asset_id: str, path: Path) -> Compared:
    """How far a file is from an asset's original and renditions. Raises as Client does, and ConfigError."""
    (file,) = find_files([path]).files
    if file.bytes <= MAX_BODY_BYTES:
        return client.compare_bytes(asset_id, file.path.read_bytes(), file.content_type)
    granted = _grant(client, file)
    client.storage.post_file(granted.upload, file.path, lambda _: None)
    return client.compare_scratch(asset_id, granted.scratch_id)


def _grant(client: Client, file: LocalFile) -> ScratchGrant:
    try:
        return client.grant_scratch(file.content_type, file.bytes)
    except ApiError as error:
        if error.code != "missing_scope":
            raise
        why = "A file that is this large is uploaded first, for which the key needs the scope `write`"
        raise ApiError(error.status, error.code, error.title, why, MAX_BODY_BYTES, file.bytes) from error
