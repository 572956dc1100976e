"""The command `compare`."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from darkroom.cli_jobs import AsJson
from darkroom.comparing import compare_file
from darkroom.models import Compared
from darkroom.tables import new_table, plain
from darkroom.terminal import note, out, print_json
from darkroom.wording import size

ASSET_ID = re.compile(r"asset_[a-z2-7]{32}")


def compare(
    context: typer.Context,
    asset: Annotated[str, typer.Argument(help="The id of an asset.")],
    other: Annotated[str, typer.Argument(metavar="FILE|ASSET", help="A file, or the id of another asset.")],
    as_json: AsJson = False,
) -> None:
    """Show how far a file, or another asset, is from an asset's original and renditions."""
    with context.obj.connect() as client:
        if ASSET_ID.fullmatch(other) and not Path(other).exists():
            found = client.compare_assets(asset, other)
        else:
            found = compare_file(client, asset, Path(other))
    if as_json:
        print_json(asdict(found))
        return
    out.print(_table(found))
    note(found.note, style="dim")


def _table(found: Compared) -> Table:
    table = new_table("With", "Size", "At", "PSNR", "SSIM", "Distance", "Quality", "Likeness")
    for name, row in found.comparisons.items():
        stretched = " stretched" if row.alignment == "stretched" else ""
        cells = (
            name,
            size(row.file_size_bytes),
            f"{row.width} × {row.height}{stretched}",
            "no difference" if row.psnr_db is None else f"{row.psnr_db:.2f} dB",
            "" if row.ssim is None else f"{row.ssim:.4f}",
            "" if row.perceptual_hash_distance is None else str(row.perceptual_hash_distance),
            "identical" if row.identical else row.verdict.quality,
            row.verdict.likeness or "",
        )
        table.add_row(*map(plain, cells))
    return table
