"""A connection that has died costs a call its first try, not its function."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.stores.dynamo import dynamodb
from shared.stores.images import s3
from shared.stores.queues import sqs
from shared.stores.topics import sns
from tests.cloud import resources, template

FIXED = [
    timeout
    for function in resources("AWS::Serverless::Function").values()
    if isinstance(timeout := function["Properties"].get("Timeout"), int)
]
SCALED = [scale["WorkerTimeout"] for name, scale in template()["Mappings"]["Scale"].items() if name != "rehearsal"]


def given_up_after_s(client: Callable[[], Any]) -> float:
    config = client().meta.config
    return float(config.connect_timeout + config.read_timeout)


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize("client", [dynamodb, sqs, sns])
def test_dead_connection_leaves_every_function_time_for_another_try(client: Callable[[], Any]) -> None:
    assert given_up_after_s(client) < min(FIXED + SCALED)


@pytest.mark.usefixtures("cloud")
def test_dead_connection_to_a_bucket_leaves_a_request_and_a_worker_time_for_another_try() -> None:
    api = resources("AWS::Serverless::Function")["ApiFunction"]["Properties"]["Timeout"]

    assert given_up_after_s(s3) < min(api, *SCALED)
