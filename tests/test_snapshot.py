from typing import Any

from tests.pictures import photo
from tests.world import World


def everything(world: World) -> list[Any]:
    messages = {name: [message.model_dump() for message in world.sent(name)] for name in world.HANDLERS}
    return [world.now, world.catalog_rows(), world.all_jobs_with_tasks(), world.stored(), world.facts(), messages]


def test_going_back_brings_back_what_was_there(world: World) -> None:
    _, [uploaded] = world.upload(photo(1, 40, 40))
    world.validate(uploaded)
    world.put(*uploaded.key.split("/")[2:], body=b"a second version of the same key")
    before = world.moment()
    was = everything(world)
    assert len(was[3][0]) == 2

    world.go_back(before)
    world.work_off()
    world.go_back(before)

    assert everything(world) == was
