"""Tenants and what they may hold, as tables; and limits as people write them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import typer
from rich.table import Table

from darkroom import tables
from darkroom.access import Metrics
from darkroom.wording import UNITS, size

AMOUNT = re.compile(r"(\d+(?:\.\d+)?) ?([kMGT]?B)?")


def limit(text: str | None, known: int | None) -> int | None:
    """'500', '10GB' (decimal units) as a number; None for 'none', and what is known where nothing was written."""
    if text is None or text == "none":
        return known if text is None else None
    match = AMOUNT.fullmatch(text)
    if not match:
        raise typer.BadParameter(f"{text} is not a number, such as 500 or 10GB, nor none")
    return round(float(match[1]) * 10.0 ** (3 * UNITS.index(match[2] or "B")))


def metrics_table(found: Iterable[Metrics]) -> Table:
    """What tenants hold, of what they may hold where that is limited."""
    table = tables.new_table("Tenant", "Images", "Originals", "Renditions", "Takes", "Awaits purge", "Files a session")
    for one in found:
        quotas = one.quotas
        table.add_row(
            tables.plain(one.tenant_name),
            f"{one.asset_count:,}" + ("" if quotas.assets is None else f" of {quotas.assets:,}"),
            size(one.asset_bytes) + ("" if quotas.bytes is None else f" of {size(quotas.bytes)}"),
            f"{one.rendition_count:,}",
            size(one.rendition_bytes),
            size(one.awaiting_purge_bytes),
            f"{quotas.files_per_session or 10_000:,}",
        )
    return table
