"""Comparing on the deployed template: every way to give an image arrives intact."""

from pathlib import Path

import httpx
import pytest

from darkroom import ApiError, Client, Compared, compare_file, upload_files
from tests.pictures import photo
from tools.stack import Stack

IMAGE, LARGE = photo(201), photo(202, 2400, 2000, "TIFF")


def test_image_arrives_intact_in_each_form(client: Client, stack: Stack, tmp_path: Path) -> None:
    for name, body in (("a.jpg", IMAGE), ("b.tif", LARGE)):
        (tmp_path / name).write_bytes(body)
    report = upload_files(client, [tmp_path], "compared")
    asset_id, large_id = (verdict.asset_id or "" for verdict in report.verdicts)

    raw = client.compare_bytes(asset_id, IMAGE, "image/jpeg")
    form = httpx.post(
        f"{stack.api_url}/v1/assets/{asset_id}/compare",
        headers={"Authorization": f"Bearer {stack.tenant_key}"},
        files={"file": ("a.jpg", IMAGE, "image/jpeg")},
        timeout=60,
    )
    asset = client.compare_assets(large_id, large_id)
    scratch = compare_file(client, large_id, tmp_path / "b.tif")

    for found in (raw, Compared.parse(form.json()), asset, scratch):
        assert found.comparisons["original"].identical
        assert len(found.comparisons) == 10
    with pytest.raises(ApiError) as refused:
        client.compare_bytes(asset_id, LARGE, "image/tiff")
    assert (refused.value.status, refused.value.code) == (413, "body_too_large")
