"""Compare a file, or another asset, with an asset; a large file goes by a grant."""

from __future__ import annotations

from pathlib import Path

from darkroom.api import Client
from darkroom.files import find_files
from darkroom.models import Compared

# The server takes 4,400,000 bytes in a body; API Gateway and Lambda count the headers too.
MAX_BODY_BYTES = 4_000_000


def compare_file(client: Client, asset_id: str, path: Path) -> Compared:
    """How far a file is from an asset's original and renditions. Raises as Client does, and ConfigError."""
    (file,) = find_files([path]).files
    if file.bytes <= MAX_BODY_BYTES:
        return client.compare_bytes(asset_id, file.path.read_bytes(), file.content_type)
    granted = client.grant_scratch(file.content_type, file.bytes)
    client.storage.post_file(granted.upload, file.path, lambda _: None)
    return client.compare_scratch(asset_id, granted.scratch_id)
