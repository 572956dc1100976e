from shared.domain.asset import Nearest
from shared.domain.likeness import with_nearest
from tests.cloud import recorded
from tests.functions.conftest import Context, Load
from tests.stores.jobs import LATER, NOW, new_asset
from tests.world import TENANT, World


def test_recorded_event_of_an_image_that_nobody_follows_changes_nothing(load: Load, world: World) -> None:
    answer = load("forget").handler(recorded("forget"), Context())

    assert answer == {"batchItemFailures": []}
    assert world.all_assets() == []


def test_follower_of_a_deleted_image_gives_it_up(load: Load, world: World) -> None:
    gone, follower = world.catalog.create(new_asset("2" * 64)), world.catalog.create(new_asset("3" * 64))
    nearest = Nearest(gone.asset_id, gone.created_at, 3)
    world.catalog.change(follower.asset_id, lambda asset: with_nearest(asset, nearest), NOW)
    world.catalog.delete(gone.asset_id, TENANT, LATER)

    load("forget").handler({"Records": world.graves()}, Context())

    assert [asset.nearest for asset in world.all_assets()] == [None]
    assert list(world.catalog.followers(gone.asset_id, gone.created_at)) == []


def test_image_whose_followers_take_too_long_is_handed_over_again(load: Load, world: World) -> None:
    gone, *followers = (world.catalog.create(new_asset(digit * 64)) for digit in "2345")
    nearest = Nearest(gone.asset_id, gone.created_at, 3)
    for follower in followers:
        world.catalog.change(follower.asset_id, lambda asset: with_nearest(asset, nearest), NOW)
    world.catalog.delete(gone.asset_id, TENANT, LATER)
    [record] = world.graves()
    handler = load("forget").handler

    cut = handler({"Records": [record]}, Context(100_000, 90_000, 60_000, 20_000))
    left = list(world.catalog.followers(gone.asset_id, gone.created_at))
    answer = handler({"Records": [record]}, Context())

    assert cut == {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    assert len(left) == 1
    assert answer == {"batchItemFailures": []}
    assert [asset.nearest for asset in world.all_assets()] == [None] * 3


def test_replaced_renditions_are_nobodys_nearest(load: Load, world: World) -> None:
    event = recorded("forget")
    event["Records"][0]["dynamodb"]["NewImage"]["buried"]["S"] = "renditions"

    load("forget").handler(event, Context())

    assert world.hashes.read(TENANT, "shop", NOW)[0].records.size == 0
