import pytest
from pydantic import ValidationError

from shared.domain.limits import Limits
from shared.settings import ApiSettings, ImageLimits, ProgressSettings, QualitySettings, ValidateSettings

LIMITS = {"MAX_FILE_BYTES": "1", "MAX_IMAGE_PIXELS": "2", "MAX_IMAGE_EDGE": "3", "MAX_IMAGE_FRAMES": "4"}
API = {
    "MAX_FILE_BYTES": "1",
    "JOBS_TABLE": "jobs",
    "CATALOG_TABLE": "catalog",
    "ORIGINALS_BUCKET": "originals",
    "RENDITIONS_BUCKET": "renditions",
    "VALIDATION_QUEUE_URL": "https://sqs/validation",
    "RENDITIONS_QUEUE_URL": "https://sqs/renditions",
    "QUALITY_QUEUE_URL": "https://sqs/quality",
    "BACKFILL_QUEUE_URL": "https://sqs/backfill",
    "REBUILD_QUEUE_URL": "https://sqs/rebuild",
    "DISPATCH_QUEUE_URL": "https://sqs/dispatch",
    "WEBSOCKET_API": "a1b2c3d4e5/live",
    "URL_LIFETIME": "60",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """All that the API needs, to take from."""
    for name, value in API.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_settings_are_read_from_variables_of_their_names(environment: pytest.MonkeyPatch) -> None:
    settings = ApiSettings.load()

    assert (settings.jobs_table, settings.url_lifetime) == ("jobs", 60)


@pytest.mark.parametrize("name", sorted(API))
def test_missing_setting_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)

    with pytest.raises(ValidationError) as missing:
        ApiSettings.load()

    assert [error["loc"] for error in missing.value.errors()] == [(name.lower(),)]


def test_all_missing_settings_are_named_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("JOBS_TABLE")
    environment.delenv("URL_LIFETIME")

    with pytest.raises(ValidationError, match=r"(?s)jobs_table.*url_lifetime"):
        ApiSettings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [("MAX_FILE_BYTES", "many"), ("MAX_FILE_BYTES", "0"), ("URL_LIFETIME", "0"), ("URL_LIFETIME", "43201")],
)
def test_wrong_setting_is_named(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)

    with pytest.raises(ValidationError, match=name.lower()):
        ApiSettings.load()


def test_function_needs_no_more_than_its_own_settings(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("CATALOG_TABLE")

    assert ProgressSettings.load().jobs_table == "jobs"


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_no_limit_is_below_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for limit, value in (LIMITS | {name: "0"}).items():
        monkeypatch.setenv(limit, value)

    with pytest.raises(ValidationError, match=name.lower()):
        ImageLimits.load()


def test_only_validation_judges_by_every_limit() -> None:
    assert set(ImageLimits.model_fields) <= set(ValidateSettings.model_fields)
    assert set(ImageLimits.model_fields) & set(QualitySettings.model_fields) == {"max_file_bytes"}


def test_limits_come_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LIMITS.items():
        monkeypatch.setenv(name, value)

    assert ImageLimits.load().limits == Limits(max_bytes=1, max_pixels=2, max_edge=3, max_frames=4)


def test_settings_cannot_be_changed(environment: pytest.MonkeyPatch) -> None:
    settings = ApiSettings.load()

    with pytest.raises(ValidationError):
        settings.jobs_table = "other"
