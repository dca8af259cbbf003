"""The uploader with its template's credential, on the emulator, where IAM is enforced: what it may, and may not."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from infra.pbx.uploader.callmeter_uploader import Ledger, Run, read_settings

from callmeter import layout
from callmeter.local.stack import REGION, LocalStack
from pipeline_kit import world

UPLOADER = Path(__file__).resolve().parents[2] / "infra" / "pbx" / "uploader"
MASTER = "".join(f'"","1001","0207946{number:04}","from-internal"\n' for number in range(1, 4)).encode()


@pytest.fixture(scope="module")
def keys(stack: LocalStack) -> dict[str, str]:
    """An access key of the template's user."""
    cloudformation: Any = stack.session.client("cloudformation", endpoint_url=stack.endpoint_url)
    parameters = {"Bucket": stack.outputs["DataBucket"], "Source": "asterisk", "Pbx": "office-1"}
    cloudformation.create_stack(
        StackName="uploader",
        TemplateBody=(UPLOADER / "credential.yaml").read_text(),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName="uploader", WaiterConfig={"Delay": 1})
    (output,) = cloudformation.describe_stacks(StackName="uploader")["Stacks"][0]["Outputs"]
    iam: Any = stack.session.client("iam", endpoint_url=stack.endpoint_url)
    made = iam.create_access_key(UserName=output["OutputValue"])["AccessKey"]
    return {"access_key_id": made["AccessKeyId"], "secret_access_key": made["SecretAccessKey"]}


def uploader(
    stack: LocalStack,
    keys: dict[str, str],
    folder: Path,
    *options: str,
    source: str = "asterisk",
    pbx: str = "office-1",
) -> subprocess.CompletedProcess[str]:
    """A run over folder/Master.csv."""
    own = {
        "bucket": stack.outputs["DataBucket"],
        "region": REGION,
        "pbx": pbx,
        "ledger": folder / "ledger.sqlite",
        "endpoint_url": stack.endpoint_url,
        **keys,
    }
    config = folder / "uploader.conf"
    lines = ["[uploader]", *(f"{key} = {value}" for key, value in own.items())]
    config.write_text("\n".join([*lines, f"[{source}]", f"growing = {folder / 'Master.csv'}", ""]))
    config.chmod(0o600)
    environment = {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, str(UPLOADER / "callmeter_uploader.py"), "--config", str(config), *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment)  # noqa: S603


def inbox(stack: LocalStack) -> dict[str, bytes]:
    """The uploader's objects that are in the inbox."""
    s3: Any = stack.session.client("s3", endpoint_url=stack.endpoint_url)
    bucket = stack.outputs["DataBucket"]
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="inbox/asterisk/office-1--").get("Contents", [])
    return {entry["Key"]: s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read() for entry in listed}


@pytest.fixture
def pbx(tmp_path: Path, stack: LocalStack) -> Any:
    (tmp_path / "Master.csv").write_bytes(MASTER)
    yield tmp_path
    s3: Any = stack.session.client("s3", endpoint_url=stack.endpoint_url)
    for key in inbox(stack):
        s3.delete_object(Bucket=stack.outputs["DataBucket"], Key=key)  # else rate tries again and again: no catalogue


def test_calls_arrive_with_the_credential_of_the_template(stack: LocalStack, keys: dict[str, str], pbx: Path) -> None:
    checked = uploader(stack, keys, pbx, "--check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "inbox/asterisk/office-1--*: may be put" in checked.stdout
    assert inbox(stack) == {}
    assert uploader(stack, keys, pbx).returncode == 0
    assert list(inbox(stack).values()) == [MASTER]
    with (pbx / "Master.csv").open("ab") as log:
        log.write(MASTER)
    assert uploader(stack, keys, pbx).returncode == 0
    assert list(inbox(stack).values()) == [MASTER, MASTER]


@pytest.mark.parametrize("other", [{"source": "freepbx"}, {"pbx": "office-10"}, {"pbx": "office"}])
def test_another_source_or_pbx_is_refused_and_so_is_its_check(
    stack: LocalStack, keys: dict[str, str], pbx: Path, other: dict[str, str]
) -> None:
    for options in (["--check"], []):
        refused = uploader(stack, keys, pbx, *options, **other)
        assert refused.returncode == 1
        assert "AccessDenied" in refused.stderr
        assert "credential.yaml" in refused.stderr


def test_the_credential_reads_lists_and_deletes_nothing(stack: LocalStack, keys: dict[str, str], pbx: Path) -> None:
    assert uploader(stack, keys, pbx).returncode == 0
    ((key, _),) = inbox(stack).items()
    own: Any = boto3.Session(keys["access_key_id"], keys["secret_access_key"], region_name=REGION)
    s3, bucket = own.client("s3", endpoint_url=stack.endpoint_url), stack.outputs["DataBucket"]
    denied: list[Callable[[], object]] = [
        lambda: s3.get_object(Bucket=bucket, Key=key),
        lambda: s3.list_objects_v2(Bucket=bucket, Prefix="inbox/asterisk/office-1--"),
        lambda: s3.delete_object(Bucket=bucket, Key=key),
        lambda: s3.put_object(Bucket=bucket, Key="inbox/asterisk/office-1/x", Body=b""),
        lambda: s3.put_object(Bucket=bucket, Key="rates/operator.toml", Body=b""),
        lambda: own.client("dynamodb", endpoint_url=stack.endpoint_url).scan(TableName=stack.outputs["Table"]),
        lambda: own.client("sqs", endpoint_url=stack.endpoint_url).purge_queue(QueueUrl=stack.outputs["InboxQueueUrl"]),
    ]
    for do in denied:
        with pytest.raises(ClientError, match="AccessDenied"):
            do()


def test_each_call_is_charged_once_though_the_ledger_was_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six minutes to a UK mobile at 0.0850: 0.5100. The second run has no ledger, and sends five of them again."""
    log, config = tmp_path / "Master.csv", tmp_path / "uploader.conf"
    own = f"bucket = b\nregion = {REGION}\npbx = office-1\nledger = {tmp_path / 'ledger.sqlite'}\n"
    config.write_text(f"[uploader]\n{own}[asterisk]\ngrowing = {log}\n")
    settings = read_settings(config)
    with world(tmp_path / "world", monkeypatch) as here:
        for known in (range(5), range(5, 6)):
            with log.open("a") as lines:
                lines.writelines(asterisk_row(number) for number in known)
            ledger = Ledger(settings.ledger)
            Run(settings, ledger, here.store.put).all()  # type: ignore[arg-type]
            ledger.close()
            settings.ledger.unlink()
        keys = here.store.keys(layout.INBOX)
        assert sorted(here.rated(key).rows_in for key in keys) == [5, 6]
        here.total_all()
        ((place, total),) = here.account_totals().items()
        assert (place, total.calls, total.charge) == (("C1001", "2026-10"), 6, Decimal("0.5100"))


def asterisk_row(number: int) -> str:
    """A minute of C1001's to a UK mobile, as cdr_csv writes it with everything on."""
    start, answer = (f"2026-10-05 10:{number:02}:{second}" for second in ("00", "02"))
    end = f"2026-10-05 10:{number + 1:02}:02"
    channels = f'"PJSIP/harbour-desk-{number:08x}","PJSIP/trunk-{number:08x}","Dial","PJSIP/447700900123@trunk"'
    return (
        f'"","442079460101","447700900123","from-internal","""Desk"" <442079460101>",{channels},'
        f'"{start}","{answer}","{end}",62,60,"ANSWERED","DOCUMENTATION",'
        f'"1759658400.{number}","","","1759658400.{number}",{number}\n'
    )


def test_the_template_passes_cfn_lint() -> None:
    lint = shutil.which("cfn-lint", path=str(Path(sys.executable).parent))
    assert lint
    done = subprocess.run([lint, str(UPLOADER / "credential.yaml")], capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stdout
