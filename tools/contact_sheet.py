"""One picture of an upload: each file with what Darkroom thinks of it, refused ones with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

# Pixels. The sheet is drawn at its final size; 300-pixel tiles stay readable at half of it.
TILE_WIDTH = 300
PICTURE_HEIGHT = 225
CAPTION_HEIGHT = 142
TILE_HEIGHT = PICTURE_HEIGHT + CAPTION_HEIGHT
GAP = 32
MARGIN = 56
HEADER_HEIGHT = 96
INSET = 18
RADIUS = 14
MAX_COLUMNS = 5
# About 19,000 pixels high: what viewers still open, and far below the 65,535 of JPEG.
MAX_TILES = 240

PAGE = "#14161a"
CARD = "#20242b"
WELL = "#181b20"
REFUSED_WELL = "#2a1b1e"
TEXT = "#f2f3f5"
MUTED = "#9aa3b0"
TRACK = "#343a44"
GOOD, FAIR, POOR = "#5ec48a", "#e3b34c", "#e2686d"
GOOD_FROM, FAIR_FROM = 0.7, 0.45

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class ContactRow:
    """One file. `thumbnail` is an image on disk, None for a refused file; `overall_quality` is 0–1."""

    filename: str
    bytes: int
    verdict: str
    width: int | None = None
    height: int | None = None
    overall_quality: float | None = None
    issues: tuple[str, ...] = ()
    thumbnail: Path | None = None
    reason: str = ""


def write_contact_sheet(rows: Sequence[ContactRow], path: Path, title: str = "Darkroom") -> None:
    """Draw the rows as a grid and write it to the path, in the format of its extension (PNG, JPEG)."""
    shown = rows[:MAX_TILES]
    columns = max(1, min(MAX_COLUMNS, len(shown)))
    lines = -(-len(shown) // columns)
    width = 2 * MARGIN + columns * TILE_WIDTH + (columns - 1) * GAP
    height = 2 * MARGIN + HEADER_HEIGHT + lines * TILE_HEIGHT + max(0, lines - 1) * GAP
    sheet = Image.new("RGB", (width, height), PAGE)
    _draw_header(sheet, title, rows)
    for position, row in enumerate(shown):
        line, column = divmod(position, columns)
        left = MARGIN + column * (TILE_WIDTH + GAP)
        top = MARGIN + HEADER_HEIGHT + line * (TILE_HEIGHT + GAP)
        sheet.paste(_draw_tile(row), (left, top))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def _draw_header(sheet: Image.Image, title: str, rows: Sequence[ContactRow]) -> None:
    draw = ImageDraw.Draw(sheet)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.verdict] = counts.get(row.verdict, 0) + 1
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    if len(rows) > MAX_TILES:
        summary += f" (the first {MAX_TILES} shown)"
    room = sheet.width - 2 * MARGIN
    draw.text((MARGIN, MARGIN - 12), _fit(title, _font(38), room), TEXT, _font(38))
    draw.text((MARGIN, MARGIN + 40), _fit(summary, _font(19), room), MUTED, _font(19))


def _draw_tile(row: ContactRow) -> Image.Image:
    tile = Image.new("RGB", (TILE_WIDTH, TILE_HEIGHT), PAGE)
    draw = ImageDraw.Draw(tile)
    draw.rounded_rectangle((0, 0, TILE_WIDTH - 1, TILE_HEIGHT - 1), RADIUS, CARD)
    if row.thumbnail:
        _draw_picture(tile, row.thumbnail)
    else:
        _draw_refusal(draw, row)
    _draw_caption(draw, row)
    return tile


def _draw_picture(tile: Image.Image, path: Path) -> None:
    draw = ImageDraw.Draw(tile)
    draw.rounded_rectangle((0, 0, TILE_WIDTH - 1, PICTURE_HEIGHT), RADIUS, WELL, corners=(True, True, False, False))
    with Image.open(path) as image:
        picture = image.convert("RGBA")
    picture.thumbnail((TILE_WIDTH - 2 * INSET, PICTURE_HEIGHT - 2 * INSET), Image.Resampling.LANCZOS)
    at = ((TILE_WIDTH - picture.width) // 2, (PICTURE_HEIGHT - picture.height) // 2)
    tile.paste(picture, at, picture)


def _draw_refusal(draw: ImageDraw.ImageDraw, row: ContactRow) -> None:
    box = (0, 0, TILE_WIDTH - 1, PICTURE_HEIGHT)
    draw.rounded_rectangle(box, RADIUS, REFUSED_WELL, corners=(True, True, False, False))
    middle, at, radius, arm = TILE_WIDTH // 2, 58, 21, 8
    draw.ellipse((middle - radius, at - radius, middle + radius, at + radius), outline=POOR, width=3)
    draw.line((middle - arm, at - arm, middle + arm, at + arm), POOR, 3)
    draw.line((middle - arm, at + arm, middle + arm, at - arm), POOR, 3)
    draw.text((middle, 102), row.verdict, POOR, _font(19), anchor="mt")
    lines = _wrap(row.reason, _font(16), TILE_WIDTH - 2 * INSET, max_lines=3)
    for number, line in enumerate(lines):
        draw.text((middle, 134 + number * 23), line, TEXT, _font(16), anchor="mt")


def _draw_caption(draw: ImageDraw.ImageDraw, row: ContactRow) -> None:
    room = TILE_WIDTH - 2 * INSET
    top = PICTURE_HEIGHT + 14
    draw.text((INSET, top), _fit(row.filename, _font(18), room), TEXT, _font(18))
    draw.text((INSET, top + 26), _fit(_measures(row), _font(15), room), MUTED, _font(15))
    if row.overall_quality is not None:
        _draw_quality(draw, row.overall_quality, top + 55)
    if row.thumbnail:
        words = ", ".join(issue.replace("_", " ") for issue in row.issues)
        text, colour = (
            (words, FAIR) if words else (("no issues" if row.overall_quality is not None else "not scored"), MUTED)
        )
        for number, line in enumerate(_wrap(text, _font(15), room, max_lines=2)):
            draw.text((INSET, top + 76 + number * 20), line, colour, _font(15))


def _draw_quality(draw: ImageDraw.ImageDraw, quality: float, top: int) -> None:
    colour = GOOD if quality >= GOOD_FROM else FAIR if quality >= FAIR_FROM else POOR
    left, right, thickness = INSET, TILE_WIDTH - INSET - 46, 8
    filled = left + round((right - left) * min(max(quality, 0.0), 1.0))
    draw.rounded_rectangle((left, top, right, top + thickness), thickness // 2, TRACK)
    draw.rounded_rectangle((left, top, max(filled, left + thickness), top + thickness), thickness // 2, colour)
    draw.text((TILE_WIDTH - INSET, top + thickness // 2), f"{quality:.2f}", TEXT, _font(16), anchor="rm")


def _measures(row: ContactRow) -> str:
    # Pillow's own font has no multiplication sign.
    parts = [f"{row.width} x {row.height}"] if row.width and row.height else []
    parts.append(f"{row.bytes / 1000:,.0f} kB" if row.bytes >= 1000 else f"{row.bytes} bytes")
    if row.verdict != "created" and row.thumbnail:
        parts.append(row.verdict)
    return ", ".join(parts)


def _font(size: int) -> Font:
    return ImageFont.load_default(size)


def _fit(text: str, font: Font, room: int) -> str:
    """The text, cut with dots where it is wider than the room in pixels."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "...") > room:
        text = text[:-1]
    return text + "..."


def _wrap(text: str, font: Font, room: int, max_lines: int) -> list[str]:
    lines = [""]
    for word in (_fit(word, font, room) for word in text.split()):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) <= max_lines:
        return lines
    return [*lines[: max_lines - 1], _fit(" ".join(lines[max_lines - 1 :]), font, room)]
