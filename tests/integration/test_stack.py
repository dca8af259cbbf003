"""The stack on the emulator: it is deployed, connected, guarded, and gone when its process is gone."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from callmeter.local.stack import STACK, LocalStack

PATIENCE_SECONDS = 60


def eventually(true: Callable[[], bool]) -> bool:
    """Wait for something that happens elsewhere."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    return true()


def physical(stack: LocalStack, logical: str) -> str:
    cloudformation = stack.session.client("cloudformation", endpoint_url=stack.endpoint_url)
    described = cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=logical)
    return described["StackResourceDetail"]["PhysicalResourceId"]


def invocations(stack: LocalStack, function: str) -> int:
    logs: Any = stack.session.client("logs", endpoint_url=stack.endpoint_url)
    events = logs.filter_log_events(logGroupName=physical(stack, f"{function}Logs"))["events"]
    return sum(event["message"].startswith("START ") for event in events)


def acting_as(stack: LocalStack, role: str) -> boto3.Session:
    """A session with exactly the rights of one function's role."""
    endpoint: Any = {"endpoint_url": stack.endpoint_url}
    iam: Any = stack.session.client("iam", **endpoint)
    sts: Any = stack.session.client("sts", **endpoint)
    original = physical(stack, role)
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    copy = iam.create_role(RoleName=f"test-{role}", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    for name in iam.list_role_policies(RoleName=original)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=original, PolicyName=name)["PolicyDocument"]
        iam.put_role_policy(RoleName=f"test-{role}", PolicyName=name, PolicyDocument=json.dumps(document))
    given = sts.assume_role(RoleArn=copy["Arn"], RoleSessionName="test")["Credentials"]
    return boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        region_name=stack.session.region_name,
    )


def reaches(stack: LocalStack, function: str, change: Callable[[], object]) -> bool:
    """Whether a change of the bucket makes the function run, once everything before it is done."""
    assert eventually(lambda: stack.unfinished() == 0)
    before = invocations(stack, function)
    change()
    return eventually(lambda: invocations(stack, function) > before)


def test_a_file_in_the_inbox_reaches_rate(stack: LocalStack) -> None:
    s3, bucket = stack.session.client("s3", endpoint_url=stack.endpoint_url), stack.outputs["DataBucket"]
    assert reaches(stack, "Rate", lambda: s3.put_object(Bucket=bucket, Key="inbox/a.csv", Body=b"from\n"))
    s3.delete_object(Bucket=bucket, Key="inbox/a.csv")  # else it is tried again until it is given up: no rates


def test_calls_that_come_and_calls_that_go_reach_total(stack: LocalStack) -> None:
    s3, bucket = stack.session.client("s3", endpoint_url=stack.endpoint_url), stack.outputs["DataBucket"]
    key = "calls/of-no-period"  # an object that total is told of, and has nothing to do with
    assert reaches(stack, "Total", lambda: s3.put_object(Bucket=bucket, Key=key, Body=b""))
    assert reaches(stack, "Total", lambda: s3.delete_object(Bucket=bucket, Key=key))


def test_page_and_api_answer_at_one_address(stack: LocalStack) -> None:
    with stack.front() as front:
        answer = httpx.get(front.url + "v1/me")
        assert answer.headers["Content-Type"].startswith(("application/json", "application/problem+json"))
        assert answer.status_code in (200, 401)


def test_deploying_again_changes_nothing(stack: LocalStack) -> None:
    before = dict(stack.outputs)
    stack.deploy()
    assert stack.outputs == before


@pytest.mark.parametrize(
    ("role", "may_write", "may_not_write"),
    [
        ("RateRole", "calls/x", "bills/x"),
        ("PublishRole", "catalogue/x", "rates/x"),
        ("BillRole", "bills/x", "calls/x"),
    ],
)
def test_a_function_writes_its_own_prefixes_and_no_others(
    stack: LocalStack, role: str, may_write: str, may_not_write: str
) -> None:
    s3 = acting_as(stack, role).client("s3", endpoint_url=stack.endpoint_url)
    bucket = stack.outputs["DataBucket"]
    s3.put_object(Bucket=bucket, Key=may_write, Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key=may_not_write, Body=b"")
    stack.session.client("s3", endpoint_url=stack.endpoint_url).delete_object(Bucket=bucket, Key=may_write)


def test_the_portal_reads_calls_but_not_the_inbox_and_writes_no_object(stack: LocalStack) -> None:
    s3 = acting_as(stack, "ApiHandlerRole").client("s3", endpoint_url=stack.endpoint_url)
    bucket = stack.outputs["DataBucket"]
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="calls/nothing")
    for denied in (
        lambda: s3.get_object(Bucket=bucket, Key="inbox/nothing"),
        lambda: s3.list_objects_v2(Bucket=bucket, Prefix="inbox/"),
        lambda: s3.put_object(Bucket=bucket, Key="calls/nothing", Body=b""),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            denied()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_process_is_ended(how: signal.Signals) -> None:
    program = (
        "import time\nfrom callmeter.local.stack import LocalStack\n"
        "with LocalStack() as stack:\n print(stack.folder, stack.endpoint_url, flush=True)\n time.sleep(600)"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert child.stdout
    folder, url = child.stdout.readline().split()
    os.kill(child.pid, how)
    child.wait()
    child.stdout.close()
    assert eventually(lambda: not Path(folder).exists())
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
