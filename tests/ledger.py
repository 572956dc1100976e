"""Whether counters, assets, graves and buckets agree, version by version."""

from __future__ import annotations

from datetime import timedelta

from darkroom.audit import Audit
from darkroom.audit_stack import Place, audit_stack
from tests.cloud import client
from tests.world import END, World


def clean_up(world: World) -> None:
    """What was deleted grows old, every job is past its time, and the night comes."""
    world.now += timedelta(days=40)
    assert not world.purge().errors
    assert not world.sweep().errors
    assert not world.usage().get("awaiting_purge_bytes")


def assert_ledger_is_the_buckets(world: World) -> None:
    """Each object is one asset's or lies in one grave, and `darkroom admin audit` says so, too."""
    assert _owned(world) == world.stored()
    assert audited(world, END.timestamp(), in_flight_s=0).differences == []


def assert_nothing_is_lost(world: World) -> None:
    """The counters are right, and all that an asset or a grave names is there; there may be more, to be swept."""
    originals, renditions = _owned(world)
    found_originals, found_renditions = world.stored()
    assert originals.items() <= found_originals.items()
    assert renditions.items() <= found_renditions.items()


def _owned(world: World) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    """Bytes of all that assets and graves name, as `World.stored`, once the counters are proved to add them up."""
    assets, graves = world.all_assets(), world.all_graves()
    made = [rendition for asset in assets for rendition in asset.renditions.values()]
    buried = [rendition for grave in graves for rendition in grave.renditions]
    recount = {
        "asset_count": len(assets),
        "asset_bytes": sum(asset.bytes for asset in assets),
        "rendition_count": len(made),
        "rendition_bytes": sum(rendition.bytes for rendition in made),
        "awaiting_purge_bytes": sum(grave.bytes for grave in graves),
    }
    assert {name: n for name, n in world.usage().items() if n} == {name: n for name, n in recount.items() if n}
    kept = [(asset.original, asset.bytes) for asset in assets]
    kept += [(grave.original, grave.original_bytes) for grave in graves if grave.original]
    originals = {(original.key, original.version_id): size for original, size in kept}
    renditions = {rendition.key: rendition.bytes for rendition in (*made, *buried)}
    assert len(originals) == len(kept), "nothing is both an asset's and buried"
    assert len(renditions) == len(made) + len(buried), "nothing is both an asset's and buried"
    return originals, renditions


def audited(world: World, at: float, in_flight_s: float = 900) -> Audit:
    """What the audit finds at that time, in seconds since 1970."""
    cloud = world.cloud
    buckets = {"originals": cloud.originals_bucket, "renditions": cloud.renditions_bucket}
    place = Place(client("dynamodb"), client("s3"), cloud.catalog_table, cloud.jobs_table, buckets)
    return audit_stack(place, in_flight_s=in_flight_s, clock=lambda: at)
