from __future__ import annotations

import json
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.domain.keys import manifest_key
from shared.domain.limits import Limits
from shared.domain.presets import CONTENT_TYPES
from shared.settings import DeadLettersSettings, Settings
from shared.sqs import PATIENT_RECEIVES
from shared.stores.rows import TASK_LIFE
from tests.cloud import ROOT, recorded, resources, template
from tests.template.reading import (
    SCALES,
    at_scale,
    common,
    common_variables,
    events,
    folder,
    functions,
    is_bare_ref,
    is_dead_letter_queue,
    listed,
    matches,
    module,
    own_variables,
    referred,
    statements,
    texts,
)
from tools.openapi.spec import GATEWAY_CODES, kinds_of

FUNCTIONS = sorted(functions())
QUEUED = sorted(events("SQS"))
STREAMED = sorted(events("DynamoDB"))
BUCKETS = sorted(resources("AWS::S3::Bucket"))
QUEUES = sorted(resources("AWS::SQS::Queue"))
ALARMS = sorted(resources("AWS::CloudWatch::Alarm"))
ROUTED = sorted({function for function, _ in events("Api").values()})
RECORDED = sorted({path.stem for path in (ROOT / "events").glob("*.json")} - {"env"})
"""env.json is no event: it is the environment that `sam local invoke` gives to a function."""
LAMBDA_LIMIT_S = 900


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable that the template gives to any function, so that all of them can be loaded."""
    names = {name for function in FUNCTIONS for name in own_variables(function)} | common_variables()
    for name in sorted(names):
        if not name.startswith("POWERTOOLS_"):
            monkeypatch.setenv(name, f"https://sqs/{name}" if name.endswith("_URL") else "1")
    monkeypatch.setenv("PURGE_MODE", template()["Parameters"]["PurgeMode"]["Default"])


def resource(name: str) -> dict[str, Any]:
    found: dict[str, Any] = template()["Resources"][name]["Properties"]
    return found


# ── Functions ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("scale", SCALES)
def test_every_function_has_a_timeout_that_lambda_takes(function: str, scale: str) -> None:
    timeout_s = at_scale((common() | functions()[function])["Timeout"], scale)

    assert 0 < timeout_s <= LAMBDA_LIMIT_S


@pytest.mark.parametrize("function", ROUTED)
def test_function_behind_the_api_ends_before_the_api_gives_up(function: str) -> None:
    assert (common() | functions()[function])["Timeout"] <= 29


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_memory_size(function: str) -> None:
    assert (common() | functions()[function])["MemorySize"] >= 128


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_logs_to_a_group_of_its_own_that_forgets(function: str) -> None:
    own = function.removesuffix("Function") + "Logs"

    assert functions()[function]["LoggingConfig"] == {"LogGroup": {"Ref": own}}
    assert resource(own)["RetentionInDays"]
    assert "LogGroupName" not in resource(own), "Lambda would make it when it logs first, and a deploy fail on it"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_is_deployed_from_its_own_folder_unbuilt(function: str) -> None:
    code = functions()[function]["CodeUri"]

    assert template()["Resources"][function]["Metadata"] == {"SkipBuild": True}
    assert (ROOT / code / "handler.py").is_file()
    assert [name for name in FUNCTIONS if functions()[name]["CodeUri"] == code] == [function]


def test_every_folder_of_functions_is_in_the_template() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}

    assert folders == {folder(function) for function in FUNCTIONS}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_describes_itself(function: str) -> None:
    assert functions()[function]["Description"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_policies_of_its_own_and_no_role(function: str) -> None:
    touches_nothing = function == "ConsoleFunction"

    assert bool(statements(function)) != touches_nothing
    assert "Role" not in functions()[function]
    assert "Policies" not in common()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_may_touch_every_resource(function: str) -> None:
    allowed = [arn for statement in statements(function) for arn in listed(statement["Resource"])]

    assert "*" not in allowed
    assert all(isinstance(arn, dict) for arn in allowed)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_may_do_everything_of_a_kind(function: str) -> None:
    actions = [action for statement in statements(function) for action in listed(statement["Action"])]

    assert [action for action in actions if "*" in action] == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_may_scan_a_table(function: str) -> None:
    actions = [action for statement in statements(function) for action in listed(statement["Action"])]

    assert "dynamodb:Scan" not in actions


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_is_given_the_settings_that_it_needs(environment: None, function: str) -> None:
    fields = type(module(function).settings).model_fields
    needed = {name.upper() for name, field in fields.items() if field.is_required()}

    assert needed - own_variables(function) - common_variables() == set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_is_given_a_setting_that_it_does_not_read(environment: None, function: str) -> None:
    settings = module(function).settings

    assert isinstance(settings, Settings)
    assert own_variables(function) - {name.upper() for name in type(settings).model_fields} == set()


def test_every_common_setting_is_read_by_most_functions(environment: None) -> None:
    read = Counter(name.upper() for function in FUNCTIONS for name in type(module(function).settings).model_fields)
    common_names = [name for name in common_variables() if not name.startswith("POWERTOOLS_")]

    assert common_names
    assert [name for name in common_names if read[name] <= len(FUNCTIONS) / 2] == []


def test_settings_that_most_functions_need_are_common() -> None:
    own = Counter(name for function in FUNCTIONS for name in own_variables(function))

    assert [name for name, uses in own.items() if uses >= len(FUNCTIONS) - 1] == []


def test_no_function_is_given_again_what_is_common() -> None:
    assert {name for function in FUNCTIONS for name in own_variables(function) & common_variables()} == set()


# ── The API ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("function", ROUTED)
def test_routes_of_the_template_are_those_of_the_function(environment: None, function: str) -> None:
    app = module(function).app
    served = {
        (route.method, re.sub(r"<(\w+)>", r"{\1}", route.path)) for route in [*app._static_routes, *app._dynamic_routes]
    }
    routed = {(event["Method"], event["Path"]) for name, event in events("Api").values() if name == function}

    assert routed == served


def test_only_what_needs_no_key_is_open() -> None:
    is_open = {
        event["Path"] for _, event in events("Api").values() if event.get("Auth", {}).get("Authorizer") == "NONE"
    }

    assert "/healthz" in is_open
    assert [path for path in is_open if path.startswith("/v1/")] == []


def test_every_other_route_has_the_default_authorizer() -> None:
    others = [event for _, event in events("Api").values() if event["Path"].startswith("/v1/")]

    assert others
    assert [event["Path"] for event in others if "Auth" in event] == []
    assert resource("Api")["Auth"]["DefaultAuthorizer"] in resource("Api")["Auth"]["Authorizers"]


def test_every_route_names_its_method() -> None:
    assert "ANY" not in {event["Method"].upper() for _, event in events("Api").values()}


def test_revoked_key_works_a_minute_at_most() -> None:
    authorizers = resource("Api")["Auth"]["Authorizers"].values()

    assert all(0 < authorizer["Identity"]["ReauthorizeEvery"] <= 60 for authorizer in authorizers)


def test_images_and_forms_arrive_as_bytes_and_json_as_text() -> None:
    assert set(resource("Api")["BinaryMediaTypes"]) == {*CONTENT_TYPES, "multipart/form-data"}


def test_preflight_needs_no_key() -> None:
    assert resource("Api")["Auth"]["AddDefaultAuthorizerToCorsPreflight"] is False


@pytest.mark.parametrize("name", sorted(resource("Api")["GatewayResponses"]))
def test_what_the_gateway_answers_itself_is_a_problem_for_other_peoples_pages_too(name: str) -> None:
    answer = resource("Api")["GatewayResponses"][name]
    body = answer["ResponseTemplates"]["application/json"].replace("$context.error.messageString", '"message"')

    assert answer["ResponseParameters"]["Headers"]["Content-Type"] == "'application/problem+json'"
    assert answer["ResponseParameters"]["Headers"]["Access-Control-Allow-Origin"] == "'*'"
    problem = json.loads(body)
    assert set(problem) >= {"type", "title", "status", "detail", "code"}
    assert str(problem["status"]) == answer["StatusCode"]
    assert problem["type"] == f"urn:darkroom:error:{problem['code']}"


# ── Queues ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("queue", QUEUES)
def test_every_queue_is_encrypted(queue: str) -> None:
    assert resource(queue)["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("name", [name for name in QUEUED if not is_dead_letter_queue(events("SQS")[name][1]["Queue"])])
def test_every_worked_queue_gives_up_into_a_queue_of_its_own(name: str) -> None:
    source = referred(events("SQS")[name][1]["Queue"])
    target = referred(resource(source)["RedrivePolicy"]["deadLetterTargetArn"])
    sharing = [
        queue
        for queue in QUEUES
        if "RedrivePolicy" in resource(queue)
        and referred(resource(queue)["RedrivePolicy"]["deadLetterTargetArn"]) == target
    ]

    assert resource(source)["RedrivePolicy"]["maxReceiveCount"] == PATIENT_RECEIVES == 8
    assert sharing == [source]
    assert target in QUEUES
    assert resource(target)["MessageRetentionPeriod"] > resource(source)["MessageRetentionPeriod"]


@pytest.mark.parametrize("name", QUEUED)
@pytest.mark.parametrize("scale", SCALES)
def test_message_stays_hidden_for_six_times_its_functions_time(name: str, scale: str) -> None:
    function, event = events("SQS")[name]
    timeout_s = at_scale((common() | functions()[function])["Timeout"], scale)
    visibility_s = at_scale(resource(referred(event["Queue"]))["VisibilityTimeout"], scale)

    assert visibility_s >= 6 * timeout_s


@pytest.mark.parametrize("scale", SCALES)
def test_work_counts_as_lost_only_after_its_message_could_have_come_again(scale: str) -> None:
    stall_s = int(at_scale(functions()["ReconcileFunction"]["Environment"]["Variables"]["STALL_SECONDS"], scale))
    hidden_s = [at_scale(resource(queue)["VisibilityTimeout"], scale) for queue in QUEUES]

    assert stall_s >= 2 * max(hidden_s)


def test_uploads_and_backfills_wait_in_queues_of_their_own() -> None:
    queues = [referred(event["Queue"]) for name, event in events("SQS").values() if name == "QualityFunction"]

    assert sorted(queues) == ["BackfillQueue", "QualityQueue"]


def test_batch_of_a_backfill_is_taken_one_at_a_time() -> None:
    sizes = {referred(event["Queue"]): event["BatchSize"] for _, event in events("SQS").values()}

    assert sizes["BackfillQueue"] == sizes["DispatchQueue"] == 1


def test_what_any_queue_gives_up_is_dealt_with() -> None:
    given_up = {
        referred(resource(queue)["RedrivePolicy"]["deadLetterTargetArn"])
        for queue in QUEUES
        if "RedrivePolicy" in resource(queue)
    }
    dealt_with = [referred(event["Queue"]) for name, event in events("SQS").values() if name == "DeadLettersFunction"]

    assert len(given_up) == 6
    assert sorted(dealt_with) == sorted(given_up)


def test_every_dead_letter_queue_has_its_kind_of_message(environment: None) -> None:
    variables = functions()["DeadLettersFunction"]["Environment"]["Variables"]
    urls = {name.lower() for name in variables if name.endswith("_DEAD_LETTERS_URL")}

    assert urls == {name for name in DeadLettersSettings.model_fields if name.endswith("_dead_letters_url")}
    assert len(module("DeadLettersFunction").KINDS) == len(urls)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_a_function_that_sends_to_its_own_queue_may_go_round(function: str) -> None:
    """AWS stops any other after about 16 rounds."""
    read = {referred(event["Queue"]) for name, event in events("SQS").values() if name == function}
    sent_to = {
        referred(arn)
        for statement in statements(function)
        if "sqs:SendMessage" in listed(statement["Action"])
        for arn in listed(statement["Resource"])
    }

    assert ("RecursiveLoop" in functions()[function]) == bool(read & sent_to)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_calls_a_function(function: str) -> None:
    actions = [action for statement in statements(function) for action in listed(statement["Action"])]

    assert [action for action in actions if action.startswith("lambda:")] == []


def test_purge_ends_before_it_begins_again() -> None:
    ((_, schedule),) = (found for found in events("Schedule").values() if found[0] == "PurgeFunction")

    assert schedule["Schedule"].startswith("cron(0/15 ")
    assert functions()["PurgeFunction"]["Timeout"] < 15 * 60


def test_reconcile_ends_before_it_begins_again() -> None:
    ((_, schedule),) = (found for found in events("Schedule").values() if found[0] == "ReconcileFunction")
    minutes = int(schedule["Schedule"].removeprefix("rate(").removesuffix(" minutes)"))

    assert functions()["ReconcileFunction"]["Timeout"] < 60 * minutes


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_may_send_to_every_work_queue_that_it_knows(function: str) -> None:
    known = {
        referred(value)
        for name, value in functions()[function].get("Environment", {}).get("Variables", {}).items()
        if name.endswith("_QUEUE_URL")
    }
    allowed = {
        referred(arn)
        for statement in statements(function)
        for arn in listed(statement["Resource"])
        if {"sqs:SendMessage", "sqs:ChangeMessageVisibility"} & set(listed(statement["Action"]))
    }

    assert known <= allowed


@pytest.mark.parametrize("name", QUEUED)
def test_every_worked_queue_takes_partial_failures(name: str) -> None:
    assert events("SQS")[name][1]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("name", QUEUED)
@pytest.mark.parametrize("scale", SCALES)
def test_every_worked_queue_is_capped_as_lambda_allows(name: str, scale: str) -> None:
    cap = events("SQS")[name][1]["ScalingConfig"]["MaximumConcurrency"]

    # A bare !Ref would do on AWS, but the emulator hands a parameter on as text, and its poller wants a number.
    assert not is_bare_ref(cap)
    assert 2 <= at_scale(cap, scale) <= 1000


@pytest.mark.parametrize("name", QUEUED)
def test_worker_may_put_off_what_it_takes_from_its_queue(name: str) -> None:
    function, event = events("SQS")[name]
    putting_off = [
        referred(arn)
        for statement in statements(function)
        if "sqs:ChangeMessageVisibility" in listed(statement["Action"])
        for arn in listed(statement["Resource"])
    ]

    assert referred(event["Queue"]) in putting_off


def test_only_the_originals_bucket_may_send_uploads() -> None:
    policy = resource("ValidationQueuePolicy")
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert set(statement["Condition"]) == {"StringEquals", "ArnLike"}


# ── The stream ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", STREAMED)
def test_stream_is_not_held_up_for_ever_by_one_record(name: str) -> None:
    mapping = events("DynamoDB")[name][1]

    assert 0 < mapping["MaximumRetryAttempts"] <= 100
    assert mapping["BisectBatchOnFunctionError"] is True


@pytest.mark.parametrize("name", STREAMED)
def test_what_the_stream_gives_up_is_kept_in_a_queue_that_the_function_may_send_to(name: str) -> None:
    function, mapping = events("DynamoDB")[name]
    target = mapping["DestinationConfig"]["OnFailure"]
    sending = [
        referred(arn)
        for statement in statements(function)
        if "sqs:SendMessage" in listed(statement["Action"])
        for arn in listed(statement["Resource"])
    ]

    assert target["Type"] == "SQS"
    assert referred(target["Destination"]) in QUEUES
    assert referred(target["Destination"]) in sending


def patterns(function: str) -> list[Any]:
    mappings = [mapping for name, mapping in events("DynamoDB").values() if name == function]
    return [json.loads(found["Pattern"]) for mapping in mappings for found in mapping["FilterCriteria"]["Filters"]]


def test_projector_is_woken_by_what_a_worker_wrote() -> None:
    (record,) = recorded("progress")["Records"]

    assert any(matches(pattern, record) for pattern in patterns("ProgressFunction"))


@pytest.mark.parametrize("writer", ["projector", "api"])
def test_projector_is_not_woken_by_what_others_wrote_on_a_task(writer: str) -> None:
    (record,) = recorded("progress")["Records"]
    record["dynamodb"]["NewImage"]["by"] = {"S": writer}

    assert not any(matches(pattern, record) for pattern in patterns("ProgressFunction"))


@pytest.mark.parametrize("image", [{}, {"pk": {"S": "JOB#a"}, "sk": {"S": "JOB"}, "status": {"S": "completed"}}])
def test_projector_is_not_woken_by_a_job_or_a_removal(image: dict[str, Any]) -> None:
    (record,) = recorded("progress")["Records"]
    record["dynamodb"]["NewImage"] = image

    assert not any(matches(pattern, record) for pattern in patterns("ProgressFunction"))


def test_push_is_woken_by_a_job_that_was_created_or_changed() -> None:
    (record,) = recorded("announce")["Records"]

    assert any(matches(pattern, record) for pattern in patterns("AnnounceFunction"))
    assert any(matches(pattern, record | {"eventName": "INSERT"}) for pattern in patterns("AnnounceFunction"))


def test_push_is_not_woken_by_a_task_or_by_what_is_deleted() -> None:
    (task,) = recorded("progress")["Records"]
    (job,) = recorded("announce")["Records"]

    assert not any(matches(pattern, task) for pattern in patterns("AnnounceFunction"))
    assert not any(matches(pattern, job | {"eventName": "REMOVE"}) for pattern in patterns("AnnounceFunction"))


def test_counting_and_push_are_handed_the_stream_separately() -> None:
    mapped = [name for name, mapping in events("DynamoDB").values() if referred(mapping["Stream"]) == "JobsTable"]

    assert mapped == ["ProgressFunction", "AnnounceFunction"]


@pytest.mark.parametrize("function", ["RealtimeFunction", "AnnounceFunction"])
def test_sockets_of_our_api_alone_may_be_posted_to(function: str) -> None:
    (arn,) = [
        arn
        for statement in statements(function)
        if statement["Action"] == "execute-api:ManageConnections"
        for arn in listed(statement["Resource"])
    ]

    assert arn["Fn::Sub"].endswith(":${WebSocketApi}/*")


def test_every_route_of_the_socket_leads_to_its_function(environment: None) -> None:
    routes = {found["Properties"]["RouteKey"] for found in resources("AWS::ApiGatewayV2::Route").values()}
    served = module("RealtimeFunction")

    assert routes == {*served.LIFECYCLE, *served.ACTIONS}


def test_nobody_is_told_by_default() -> None:
    assert [template()["Parameters"][name]["Default"] for name in ("NotificationEmail", "NotificationUrl")] == ["", ""]
    assert template()["Resources"]["Topic"]["Condition"] == "HasTopic"


def test_stream_carries_what_the_filters_read() -> None:
    assert resource("JobsTable")["StreamSpecification"]["StreamViewType"] in {"NEW_IMAGE", "NEW_AND_OLD_IMAGES"}


# ── Buckets and tables ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("bucket", BUCKETS)
def test_every_bucket_is_private(bucket: str) -> None:
    assert resource(bucket)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert resource(bucket)["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@pytest.mark.parametrize("bucket", BUCKETS)
def test_every_bucket_is_encrypted(bucket: str) -> None:
    (rule,) = resource(bucket)["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in {"AES256", "aws:kms"}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_every_bucket_denies_what_comes_without_tls(bucket: str) -> None:
    policies = [
        found["Properties"]
        for found in resources("AWS::S3::BucketPolicy").values()
        if referred(found["Properties"]["Bucket"]) == bucket
    ]

    (statement,) = policies[0]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [{"Fn::GetAtt": [bucket, "Arn"]}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}]


@pytest.mark.parametrize("name", [*BUCKETS, "CatalogTable"])
def test_what_people_gave_us_outlives_the_stack(name: str) -> None:
    found = template()["Resources"][name]

    assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_originals_are_versioned() -> None:
    assert resource("OriginalsBucket")["VersioningConfiguration"] == {"Status": "Enabled"}


def test_only_originals_wake_the_pipeline() -> None:
    (notification,) = resource("OriginalsBucket")["NotificationConfiguration"]["QueueConfigurations"]

    assert notification["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "originals/"}]
    assert referred(notification["Queue"]) == "ValidationQueue"


def test_originals_are_never_deleted_by_a_lifecycle() -> None:
    rules = resource("OriginalsBucket")["LifecycleConfiguration"]["Rules"]
    deleting = [rule for rule in rules if any("Expiration" in name for name in rule)]

    assert [rule["Prefix"] for rule in deleting] == ["scratch/", "manifests/"]


def test_manifest_outlives_the_tasks_that_come_from_it() -> None:
    rules = {rule.get("Prefix"): rule for rule in resource("OriginalsBucket")["LifecycleConfiguration"]["Rules"]}

    assert timedelta(days=rules["manifests/"]["ExpirationInDays"]) >= TASK_LIFE
    assert manifest_key("tenant_a", "job_a", 0).startswith("manifests/")


def test_jobs_are_forgotten_by_their_own_time() -> None:
    assert resource("JobsTable")["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_catalog_can_be_brought_back_and_forgets_nothing() -> None:
    assert resource("CatalogTable")["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert "TimeToLiveSpecification" not in resource("CatalogTable")


@pytest.mark.parametrize("table", sorted(resources("AWS::DynamoDB::Table")))
def test_every_table_is_encrypted_and_paid_by_the_request(table: str) -> None:
    assert resource(table)["SSESpecification"] == {"SSEEnabled": True}
    assert resource(table)["BillingMode"] == "PAY_PER_REQUEST"


# ── The whole ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("foreign", [r"\b\d{12}\b", r"\b(us|eu|ap|sa|ca|me|af)-[a-z]+-\d\b", r"amazonaws\.com/"])
def test_nothing_names_an_account_or_a_region(foreign: str) -> None:
    assert [text for text in texts(template()) if re.search(foreign, text)] == []


@pytest.mark.parametrize("name", ["FunctionName", "TableName", "BucketName", "QueueName", "RoleName", "AlarmName"])
def test_nothing_has_a_fixed_name(name: str) -> None:
    said = {found: made.get("Properties", {}).get(name) for found, made in template()["Resources"].items()}

    # A permission names its function by reference.
    assert {found: value for found, value in said.items() if value is not None and not is_bare_ref(value)} == {}


def test_no_arn_is_written_out_for_one_partition() -> None:
    assert [text for text in texts(template()) if "arn:aws:" in text] == []


def test_limits_are_by_default_those_of_the_domain() -> None:
    names = ("MaxFileBytes", "MaxImagePixels", "MaxImageEdge", "MaxImageFrames")

    assert Limits(*(template()["Parameters"][name]["Default"] for name in names)) == Limits()


def test_every_parameter_has_a_default_and_is_used() -> None:
    refs = texts({"r": template()["Resources"], "g": template()["Globals"]})

    assert [name for name, said in template()["Parameters"].items() if "Default" not in said] == []
    assert set(template()["Parameters"]) <= set(refs)


@pytest.mark.parametrize("alarm", ALARMS)
def test_every_alarm_names_its_section_of_the_runbook(alarm: str) -> None:
    assert re.search(r'See docs/runbook\.md, "[^"]+"\.$', resource(alarm)["AlarmDescription"])


@pytest.mark.parametrize("alarm", [alarm for alarm in ALARMS if resource(alarm).get("Namespace") == "Darkroom"])
def test_every_alarm_of_ours_watches_what_is_counted(alarm: str) -> None:
    code = "".join(path.read_text() for path in (ROOT / "shared").rglob("*.py"))

    assert f'count("{resource(alarm)["MetricName"]}")' in code


@pytest.mark.parametrize("alarm", ALARMS)
def test_every_alarm_tells_the_topic_where_there_is_one(alarm: str) -> None:
    assert resource(alarm)["AlarmActions"] == {"Fn::If": ["HasTopic", [{"Ref": "Topic"}], {"Ref": "AWS::NoValue"}]}


@pytest.mark.parametrize("event", RECORDED)
def test_every_recorded_event_is_some_functions(event: str) -> None:
    owners = [
        function for function in FUNCTIONS if event == folder(function) or event.startswith(f"{folder(function)}-")
    ]

    assert len(owners) == 1


@pytest.mark.parametrize("event", RECORDED)
def test_recorded_event_comes_from_a_queue_that_its_function_reads(event: str) -> None:
    queues = {
        record["eventSourceARN"].rsplit(":", 1)[1]
        for record in recorded(event).get("Records", [])
        if record["eventSource"] == "aws:sqs"
    }
    read = {referred(mapping["Queue"]) for name, mapping in events("SQS").values() if event.startswith(folder(name))}

    assert queues <= read


def test_environment_for_one_function_names_all_that_the_template_names() -> None:
    given = json.loads((ROOT / "events" / "env.json").read_text())["Parameters"]
    names = {name for function in FUNCTIONS for name in own_variables(function)} | common_variables()
    named = {name for name in names if name.endswith(("_TABLE", "_BUCKET", "_URL"))}

    assert named <= set(given)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_recorded_event(function: str) -> None:
    assert Path(ROOT / "events" / f"{folder(function)}.json").is_file()


def test_what_the_gateway_says_no_with_is_described() -> None:
    texts = [found["ResponseTemplates"]["application/json"] for found in resource("Api")["GatewayResponses"].values()]
    told = {
        (int(status), code) for text in texts for status, code in re.findall(r'"status":(\d+).*"code":"(\w+)"', text)
    }
    ours = {(kind.status, kind.code) for kind in kinds_of()}

    assert told - ours == {(status, code) for status, found in GATEWAY_CODES.items() for code in found}
