"""What the emulator does not check and AWS would punish: the packaged template, read."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from infra.package import join_templates, write_zip

from callmeter.local.front import SECURITY_HEADERS

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
FUNCTIONS = ("Rate", "Total", "Publish", "Bill", "Sync", "Pull", "Collect", "APIHandler")
QUEUED = {
    "Rate": "InboxQueue",
    "Total": "CallsQueue",
    "Publish": "RatesQueue",
    "Sync": "EventsQueue",
    "Collect": "WebhooksQueue",
}
ROLES = ("RateRole", "TotalRole", "PublishRole", "BillRole", "SyncRole", "PullRole", "CollectRole", "ApiHandlerRole")
# Below these nothing but the secrets of one thing: each name of it is an operator's choice.
OF_SECRETS = ("parameter${PullSecrets}*", "parameter${WebhookSecrets}/*", "secret:callmeter/webhooks/*")


def run(*command: str | Path) -> str:
    """What the command said; it has to end well."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as it would be deployed, by infra/package.py."""
    out = tmp_path_factory.mktemp("package")
    run(sys.executable, INFRA / "package.py", "--local", "--out", out)
    return out / "sam.json"


@pytest.fixture(scope="module")
def resources(packaged: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(packaged.read_text())["Resources"]
    return found


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: body["Properties"] for name, body in resources.items() if body["Type"] == kind}


def statements(resources: dict[str, Any], role: str) -> Iterator[dict[str, Any]]:
    for policy in resources[role]["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_every_queue_gives_up_into_a_dead_letter_queue_that_has_an_alarm(resources: dict[str, Any]) -> None:
    queues = of_type(resources, "AWS::SQS::Queue")
    alarmed = {
        alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for alarm in of_type(resources, "AWS::CloudWatch::Alarm").values()
        if "Fn::GetAtt" in str(alarm["Dimensions"])
    }
    working = {name for name in queues if name.endswith("Queue")}
    assert working == set(QUEUED.values())
    for name in working:
        redrive = queues[name]["RedrivePolicy"]
        dead_letters = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]
        assert dead_letters in queues
        assert redrive["maxReceiveCount"] >= 3
        assert {name, dead_letters} <= alarmed


def test_every_queue_is_mapped_to_its_function_with_partial_batch_failures(resources: dict[str, Any]) -> None:
    for function, queue in QUEUED.items():
        events = resources[function]["Properties"]["Events"].values()
        (event,) = [one for one in events if one["Type"] == "SQS"]
        assert event["Properties"]["Queue"] == {"Fn::GetAtt": [queue, "Arn"]}
        assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_message_stays_away_six_times_as_long_as_its_function_may_take(packaged: Path) -> None:
    template = json.loads(packaged.read_text())
    retry_seconds = template["Parameters"]["RetrySeconds"]["Default"]
    for function, queue in QUEUED.items():
        away = template["Resources"][queue]["Properties"]["VisibilityTimeout"]
        seconds = retry_seconds if away == {"Ref": "RetrySeconds"} else away
        assert seconds >= 6 * template["Resources"][function]["Properties"]["Timeout"]


def test_calls_and_rates_are_followed_when_they_come_and_when_they_go(resources: dict[str, Any]) -> None:
    notifications = resources["DataBucket"]["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    followed = {
        (entry["Filter"]["S3Key"]["Rules"][0]["Value"], entry["Event"], entry["Queue"]["Fn::GetAtt"][0])
        for entry in notifications
    }
    assert followed == {
        ("inbox/", "s3:ObjectCreated:*", "InboxQueue"),
        ("calls/", "s3:ObjectCreated:*", "CallsQueue"),
        ("calls/", "s3:ObjectRemoved:*", "CallsQueue"),
        ("rates/", "s3:ObjectCreated:*", "RatesQueue"),
        ("rates/", "s3:ObjectRemoved:*", "RatesQueue"),
    }


def test_the_bucket_waits_for_the_policies_that_let_it_send(resources: dict[str, Any]) -> None:
    policies = of_type(resources, "AWS::SQS::QueuePolicy")
    assert set(resources["DataBucket"]["DependsOn"]) == set(policies)
    for name, policy in policies.items():
        queue = name.removesuffix("Policy")
        assert policy["Queues"] == [{"Ref": queue}]
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert statement["Resource"] == {"Fn::GetAtt": [queue, "Arn"]}
        assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_what_cannot_be_had_again_outlives_the_stack(resources: dict[str, Any]) -> None:
    for name in ("DataBucket", "Table"):
        assert resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resources[name]["UpdateReplacePolicy"] == "Retain"
    bucket, table = resources["DataBucket"]["Properties"], resources["Table"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_every_bucket_is_closed_to_the_public(resources: dict[str, Any]) -> None:
    for bucket in of_type(resources, "AWS::S3::Bucket").values():
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert all(bucket["PublicAccessBlockConfiguration"].values())


def test_bill_runs_every_hour_and_never_beside_itself(resources: dict[str, Any]) -> None:
    bill = resources["Bill"]["Properties"]
    assert bill["ReservedConcurrentExecutions"] == 1
    assert bill["Events"]["Hourly"]["Type"] == "Schedule"
    assert bill["Layers"] == [{"Ref": "TypstLayer"}]


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_use_a_wildcard_for_an_action_or_a_whole_resource(resources: dict[str, Any], role: str) -> None:
    for statement in statements(resources, role):
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in listed(statement["Action"]))
        for resource in listed(statement["Resource"]):
            text = resource.get("Fn::Sub", "") if isinstance(resource, dict) else resource
            assert text != "*"
            if "*" in text and not text.endswith(OF_SECRETS):
                assert text.startswith("${DataBucket.Arn}/")
                assert text.index("*") > len("${DataBucket.Arn}/")


def test_only_bill_writes_bills_and_no_function_deletes_what_was_billed(resources: dict[str, Any]) -> None:
    for role in ROLES:
        for statement in statements(resources, role):
            actions, places = listed(statement["Action"]), json.dumps(statement["Resource"])
            kept = [place for place in ("bills/", "ledgers/", "statements/", "inbox/") if place in places]
            if role in ("PullRole", "CollectRole"):  # these bring calls, each under names of its own
                assert listed(statement["Action"])[0] != "s3:PutObject" or "/inbox/*/" in places
                kept = [place for place in kept if place != "inbox/"]
            if "s3:DeleteObject" in actions:
                assert not kept
            if "s3:PutObject" in actions and role != "BillRole":
                assert not kept


def test_each_writer_of_the_table_keeps_to_its_own_keys(resources: dict[str, Any]) -> None:
    keys = {
        role: statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        for role in ROLES
        for statement in statements(resources, role)
        if {"dynamodb:PutItem", "dynamodb:UpdateItem"} & set(listed(statement["Action"]))
    }
    assert keys == {
        "TotalRole": ["total#*", "sequence#*"],
        "BillRole": ["bill#*", "open-bills", "lease#*"],
        "SyncRole": ["notice#*"],
        "PullRole": ["pull#*", "lease#pull#*"],
        "CollectRole": ["leg#*"],
        "ApiHandlerRole": ["settings#*"],
    }


def test_every_queue_reader_may_receive_and_delete_from_its_queue_alone(resources: dict[str, Any]) -> None:
    for function, queue in QUEUED.items():
        (statement,) = [
            statement
            for statement in statements(resources, f"{function}Role")
            if "sqs:ReceiveMessage" in statement["Action"]
        ]
        assert statement["Resource"] == {"Fn::GetAtt": [queue, "Arn"]}
        assert set(statement["Action"]) == {
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
        }


def test_all_functions_have_the_environment_and_runtime_of_the_template(packaged: Path) -> None:
    template = json.loads(packaged.read_text())
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    assert set(variables) == {
        "CALLMETER_BUCKET",
        "CALLMETER_TABLE",
        "CALLMETER_SHARDS",
        "CALLMETER_UCRM_URL",
        "CALLMETER_UCRM_KEY_PARAMETER",
        "CALLMETER_LINK_SECRET_PARAMETER",
        "CALLMETER_WHMCS_URL",
        "CALLMETER_WHMCS_KEY_PARAMETER",
        "POWERTOOLS_SERVICE_NAME",
        "POWERTOOLS_METRICS_NAMESPACE",
    }
    functions = of_type(template["Resources"], "AWS::Serverless::Function")
    assert set(functions) == set(FUNCTIONS)
    for function in functions.values():
        assert function["Runtime"] == {"Ref": "LambdaRuntime"}
        assert "LogGroup" in function["LoggingConfig"]


def test_the_page_has_the_same_headers_on_aws_and_on_one_machine(resources: dict[str, Any]) -> None:
    headers = resources["PageHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert {
        "Content-Security-Policy": headers["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": headers["FrameOptions"]["FrameOption"],
        "Referrer-Policy": headers["ReferrerPolicy"]["ReferrerPolicy"],
    } == SECURITY_HEADERS
    assert headers["ContentTypeOptions"] == {"Override": True}


def test_nothing_of_the_page_is_made_where_it_is_not_hosted(resources: dict[str, Any]) -> None:
    hosting = [body for name, body in resources.items() if name.startswith("Page")]
    assert len(hosting) == 5
    assert all(body["Condition"] == "HostPage" for body in hosting)


def test_cfn_lint_finds_nothing(packaged: Path) -> None:
    linter = Path(sys.executable).with_name("cfn-lint")
    assert run(linter, "--regions", "eu-west-1", "--", packaged) == ""


def test_a_name_that_stands_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text("Resources:\n  Table: {Type: AWS::DynamoDB::Table}\n")
    with pytest.raises(SystemExit, match=r"two\.yaml: Resources Table stands in another file too"):
        join_templates(tmp_path)


def test_the_same_files_give_the_same_zip_whenever_they_were_written(tmp_path: Path) -> None:
    for folder, names, written_at in (("one", "ab", 1_000_000_000), ("two", "ba", 1_700_000_000)):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_text(f"content of {name}")
            os.utime(tmp_path / folder / name, (written_at, written_at))
        write_zip(tmp_path / folder, tmp_path / f"{folder}.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_lambda_gets_the_versions_that_are_locked_for_everything_else() -> None:
    def pins(path: Path) -> dict[str, str]:
        lines = [line.split(" ")[0] for line in path.read_text().splitlines() if "==" in line]
        return dict(line.split("==") for line in lines)

    locked = pins(ROOT / "requirements.lock")
    for name in ("requirements-lambda.txt", "requirements-typst.txt"):
        shipped = pins(INFRA / name)
        assert shipped
        assert shipped.items() <= locked.items()


def test_everything_the_functions_import_is_in_a_layer_or_in_the_runtime() -> None:
    shipped = {path for path in (ROOT / "layers" / "callmeter").rglob("*.py") if "local" not in path.parts}
    shipped -= {path for path in shipped if {"cli", "importing"} & set(path.parts)}  # the command line runs elsewhere
    shipped |= set((ROOT / "functions").rglob("*.py"))
    named = (INFRA / "requirements-lambda.in").read_text().split()
    provided = {"aws_lambda_powertools", "jwt", "phonenumbers", *named, "typst"}
    runtime = {"boto3", "botocore", "chalice", "callmeter", "chalicelib", *sys.stdlib_module_names}
    # Types of boto3's clients are imported for type checkers alone.
    imported = {(name, path.name) for path in shipped for name in imports(path) if not name.startswith("mypy_boto3")}
    assert not {(name, file) for name, file in imported if name not in provided | runtime}


def imports(path: Path) -> Iterator[str]:
    """The top-level packages a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_webhooks_are_not_refused_for_load_that_a_carrier_may_bring(resources: dict[str, Any]) -> None:
    every, webhooks = resources["RestAPI"]["Properties"]["MethodSettings"]
    path = webhooks["ResourcePath"].removeprefix("/").replace("~1", "/")
    assert path in resources["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    assert (webhooks["ThrottlingRateLimit"], webhooks["ThrottlingBurstLimit"]) == (2000, 5000)
    assert every["ThrottlingBurstLimit"] <= 100


def test_what_is_known_of_a_leg_is_forgotten_in_time(resources: dict[str, Any]) -> None:
    lifetime = resources["Table"]["Properties"]["TimeToLiveSpecification"]
    assert lifetime == {"AttributeName": "expires_at", "Enabled": True}
