"""The files on this side: found in a fixed order, and hashed."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from darkroom.errors import ConfigError
from darkroom.models import NewFile

# In a folder, what counts as an image. More than the server takes: its refusal says why, which silence would not.
IMAGE_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpe": "image/jpeg",
    ".jfif": "image/jpeg",
    ".mpo": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".bmp": "image/bmp",
}
UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file as it was when it was found. `label` is its path as the user wrote it; `sha256` is hex, once known."""

    path: Path
    label: str
    content_type: str
    bytes: int
    mtime_ns: int
    sha256: str = ""

    @property
    def name(self) -> str:
        return printable(self.path.name)

    @property
    def version(self) -> tuple[Path, int, int]:
        """Tells this file from what it was, or will be, after a change."""
        return self.path, self.bytes, self.mtime_ns

    def is_unchanged(self) -> bool:
        try:
            stat = self.path.stat()
        except OSError:
            return False
        return (stat.st_size, stat.st_mtime_ns) == (self.bytes, self.mtime_ns)

    def declare(self) -> NewFile:
        return NewFile(self.name, self.content_type, self.bytes, self.sha256 or None)


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """`skipped` are the labels of files in folders that are no images."""

    files: tuple[LocalFile, ...]
    skipped: tuple[str, ...]


def find_files(paths: Sequence[Path]) -> FoundFiles:
    """Files as named, and the images in folders as named, each once, in a fixed order. Raises ConfigError."""
    files: dict[Path, LocalFile] = {}
    skipped: dict[Path, str] = {}
    for root in paths:
        for path in _walk(root):
            if path.suffix.lower() not in IMAGE_TYPES and path != root:
                skipped[path.resolve()] = printable(str(path))
                continue
            if file := _look_at(path, must_exist=path == root):
                files.setdefault(file.path, file)
    return FoundFiles(tuple(files.values()), tuple(label for path, label in skipped.items() if path not in files))


def hash_files(
    files: Sequence[LocalFile], on_hashed: Callable[[], None]
) -> tuple[tuple[LocalFile, ...], dict[LocalFile, OSError]]:
    """The files with their SHA-256, and those that cannot be read with the reason."""
    unreadable: dict[LocalFile, OSError] = {}

    def hashed(file: LocalFile) -> LocalFile | None:
        try:
            done = file if file.sha256 else replace(file, sha256=sha256_of(file.path))
        except OSError as error:
            unreadable[file] = error
            return None
        on_hashed()
        return done

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return tuple(file for file in pool.map(hashed, files) if file), unreadable


def sha256_of(path: Path) -> str:
    """SHA-256 in hex, read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def printable(text: str) -> str:
    """The text without what a terminal would obey, and without the stray surrogates of undecodable file names."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _walk(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def _look_at(path: Path, *, must_exist: bool) -> LocalFile | None:
    try:
        stat = path.stat()
    except OSError as error:
        if must_exist:
            raise ConfigError(f"{printable(str(path))}: {error.strerror}.") from error
        return None  # a dangling link, or gone since the folder was read
    content_type = IMAGE_TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or UNKNOWN_TYPE
    return LocalFile(path.resolve(), printable(str(path)), content_type, stat.st_size, stat.st_mtime_ns)
