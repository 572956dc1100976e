from collections.abc import Iterator

import pytest

from shared.stores.images import OriginalStore, RenditionStore, s3


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A region where the global host answers with redirects."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    s3.cache_clear()
    yield
    s3.cache_clear()


@pytest.mark.usefixtures("elsewhere")
def test_signed_urls_name_the_regional_host() -> None:
    post = OriginalStore("photos").sign_post("key", "image/jpeg", 1, 60)
    url = RenditionStore("photos").sign_url("key", 60)

    assert post.url.startswith("https://photos.s3.eu-central-1.amazonaws.com/")
    assert url.startswith("https://photos.s3.eu-central-1.amazonaws.com/")
