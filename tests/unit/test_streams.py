from shared.streams import changed_tasks


def record(pk: str, sk: str) -> dict[str, object]:
    return {"eventName": "MODIFY", "dynamodb": {"Keys": {"pk": {"S": pk}, "sk": {"S": sk}}}}


def test_tasks_are_gathered_by_job() -> None:
    event = {
        "Records": [record("JOB#a", "TASK#t00001"), record("JOB#b", "TASK#t00001"), record("JOB#a", "TASK#t00000")]
    }

    assert changed_tasks(event) == {"a": ["t00001", "t00000"], "b": ["t00001"]}


def test_task_with_several_facts_is_named_once() -> None:
    event = {"Records": [record("JOB#a", "TASK#t00001"), record("JOB#a", "TASK#t00001")]}

    assert changed_tasks(event) == {"a": ["t00001"]}


def test_rows_that_are_no_tasks_are_left_out() -> None:
    event = {"Records": [record("JOB#a", "JOB"), record("LOCK#a", "LOCK")]}

    assert changed_tasks(event) == {}


def test_empty_event_changes_nothing() -> None:
    assert changed_tasks({}) == {}
