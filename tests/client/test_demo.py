"""The demonstration, against an API on loopback."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.client.fake_api import KEY, FakeApi
from tools.contact_sheet import ContactRow, write_contact_sheet
from tools.demo import main


@pytest.fixture
def stack(api: FakeApi, tmp_path: Path) -> Path:
    drawn = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(drawn, "JPEG")
    api.rendition = drawn.getvalue()
    path = tmp_path / "stack.json"
    path.write_text(json.dumps({"api_url": api.url, "tenant_key": KEY}))
    return path


def test_demo_writes_renditions_and_a_contact_sheet_and_takes_refusals_in_its_stride(
    stack: Path, photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos("a.jpg", "a.png", "bad.jpg")
    out = tmp_path / "out"

    status = main(["--stack", str(stack), "--photos", str(folder), "--out", str(out)])

    said = capsys.readouterr().out
    assert status == 0
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.jpg")) == [
        "a-2/card.jpg",
        "a-2/thumb.jpg",
        "a/card.jpg",
        "a/thumb.jpg",
    ]
    assert (out / "contact-sheet.png").exists()
    assert "4000 × 3000" in said
    assert "too_many_pixels: Too many pixels" in said
    assert "darkroom status job0" in said
    assert KEY not in said


def test_demo_without_a_stack_says_so_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--stack", str(tmp_path / "none.json"), "--photos", str(tmp_path)])

    assert status == 1
    assert "does not describe a running stack" in capsys.readouterr().err


def test_contact_sheet_has_a_tile_for_each_row_in_rows_of_five(tmp_path: Path) -> None:
    rows = [ContactRow(f"{n}.jpg", n, "refused", reason="The file has no bytes") for n in range(6)]

    write_contact_sheet(rows[:5], tmp_path / "one-line.png")
    write_contact_sheet(rows, tmp_path / "two-lines.png")

    one, two = size_of(tmp_path / "one-line.png"), size_of(tmp_path / "two-lines.png")
    assert one[0] == two[0]
    assert one[1] < two[1]


def test_contact_sheet_of_nothing_is_still_a_picture(tmp_path: Path) -> None:
    write_contact_sheet([], tmp_path / "empty.png")

    assert min(size_of(tmp_path / "empty.png")) > 0


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size
