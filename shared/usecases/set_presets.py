"""Read and replace a tenant's presets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.domain.presets import (
    BUILT_IN,
    BUILT_IN_NAMES,
    MAX_EAGER_PIXELS,
    MAX_OWN,
    RESERVED,
    Mode,
    Preset,
    eager,
    recipe_hash,
)
from shared.domain.stage import Stage
from shared.errors import InvalidRequest, PresetBuiltIn
from shared.schemas import PresetList, PresetRow, PresetView, SetPresets
from shared.stores.presets import PresetStore, Revision

_ETAG = re.compile(r'(?<!W/)"(\d+)"')


@dataclass(frozen=True)
class Tagged:
    etag: str
    view: PresetList


def read_presets(tenant: str, presets: PresetStore) -> Tagged:
    """Every preset of a tenant, the built-ins first, with the recipe that its renditions are known by."""
    return _tagged(presets.read_revision(tenant))


def set_presets(request: SetPresets, tenant: str, presets: PresetStore, if_match: str | None = None) -> Tagged:
    """Replace a tenant's rows; the same list again changes nothing. What `read_presets` shows may be sent back.

    `if_match` is that header (RFC 9110): tags, or * for any. Raises InvalidRequest with one error per field,
    PresetBuiltIn for a row that would redefine a built-in, or PreconditionFailed.
    """
    _check(request.presets)
    wanted = [_preset(row) for row in request.presets]
    pixels = sum(row.box[0] * row.box[1] for row in eager(wanted) if row.name not in BUILT_IN_NAMES)
    if pixels > MAX_EAGER_PIXELS:
        raise InvalidRequest(
            "The boxes of the eager presets are too large together; let some be made on demand.",
            limit=MAX_EAGER_PIXELS,
            measured=pixels,
            errors=[{"loc": ["presets"], "code": "too_many_pixels", "detail": "eager boxes, in pixels together"}],
        )
    tags = None if if_match in (None, "*") else {int(number) for number in _ETAG.findall(if_match)}
    return _tagged(presets.replace(tenant, wanted, tags))


def _check(rows: Sequence[PresetRow]) -> None:
    seen = Counter(row.name for row in rows)
    errors: list[dict[str, object]] = []
    for i, row in enumerate(rows):
        if row.name in RESERVED:
            errors.append(_error(i, "name", "reserved", "The name means something else."))
        if seen[row.name] > 1:
            errors.append(_error(i, "name", "duplicate", "Two rows have this name."))
        if row.name not in BUILT_IN_NAMES and (row.box is None) == (row.longer_edge is None):
            errors.append(_error(i, "box", "missing", "A row needs a box, or a longer_edge."))
    own = len(seen.keys() - BUILT_IN_NAMES)
    if own > MAX_OWN:
        errors.append({"loc": ["presets"], "code": "too_many", "detail": f"A tenant has {MAX_OWN} rows of its own."})
        raise InvalidRequest(limit=MAX_OWN, measured=own, errors=errors)
    if errors:
        raise InvalidRequest(f"{len(errors)} fields of the presets are wrong.", errors=errors)


def _error(index: int, field: str, code: str, detail: str) -> dict[str, object]:
    return {"loc": ["presets", index, field], "code": code, "detail": detail}


def _preset(row: PresetRow) -> Preset:
    built_in = next((preset for preset in BUILT_IN if preset.name == row.name), None)
    edge = row.longer_edge or 0
    preset = Preset(
        name=row.name,
        stage=Stage(row.stage or "variants"),
        box=row.box or (edge, edge),
        format=row.format,
        quality=row.quality,
        enabled=row.enabled,
        mode=Mode(row.mode),
    )
    if built_in is None:
        return preset
    given = row.model_dump(include={"stage", "box", "format", "quality", "mode"}, exclude_unset=True, exclude_none=True)
    if edge or any(getattr(preset, name) != getattr(built_in, name) for name in given):
        raise PresetBuiltIn(f"`{row.name}` is built in: it can be switched off, not redefined.")
    return Preset(row.name, built_in.stage, built_in.box, enabled=row.enabled)


def _tagged(found: Revision) -> Tagged:
    return Tagged(f'"{found.number}"', _view(found.presets))


def _view(presets: Iterable[Preset]) -> PresetList:
    return PresetList(
        presets=[
            PresetView(
                name=preset.name,
                stage=preset.stage.value,
                box=preset.box,
                format=preset.format,
                quality=preset.quality,
                mode=preset.mode,
                enabled=preset.enabled,
                built_in=preset.name in BUILT_IN_NAMES,
                recipe=recipe_hash(preset),
            )
            for preset in presets
        ]
    )
