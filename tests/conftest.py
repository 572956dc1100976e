import os
import signal
from collections.abc import Iterator

import pytest
from moto import mock_aws

# Before any client is made: never a real account, never a real endpoint.
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "darkroom",
    "POWERTOOLS_METRICS_NAMESPACE": "Darkroom",
}
os.environ.pop("AWS_ENDPOINT_URL", None)

from shared.stores.dynamo import dynamodb
from shared.stores.images import s3
from shared.stores.queues import sqs
from shared.stores.topics import sns
from tests.cloud import Cloud, build
from tests.quick_moto import make_moto_quick
from tests.world import World

make_moto_quick()

# A shell's background job ignores Ctrl-C, and so would every process that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def forget_clients() -> None:
    """A client made under one mock knows nothing of the next."""
    for client in (dynamodb, s3, sns, sqs):
        client.cache_clear()


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mock_aws():
        yield build()


@pytest.fixture
def world(cloud: Cloud) -> World:
    return World(cloud)
