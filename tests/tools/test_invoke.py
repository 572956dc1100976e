from tools.invoke import recorded_events


def test_events_of_a_function_are_found_by_its_name() -> None:
    assert {path.stem for path in recorded_events("validate")} == {"validate", "validate-test-event"}


def test_environment_is_no_event() -> None:
    assert "env" not in [path.stem for path in recorded_events()]
    assert recorded_events("env") == []
