"""build/ (see package.py) -> a CloudFormation stack and its call page, on AWS or on the emulator.

1. the zips and the template go to the artefact bucket, named by digest; one that is there already stays
2. a change set creates or updates the stack; "nothing to change" is success
3. the secret that signs customers' links is made where there is none yet
4. functions/page/ goes to the page bucket, where the stack has one

Progress goes to stderr, the stack's outputs to stdout.
"""

import argparse
import hashlib
import json
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from callmeter.local.front import content_type

ROOT = Path(__file__).resolve().parent.parent
CODE_KEYS = ("CodeUri", "ContentUri")


class Deployment:
    """One stack at one endpoint (None: AWS). Every step may be repeated."""

    def __init__(self, stack: str, endpoint_url: str | None = None) -> None:
        self.stack = stack
        self.endpoint_url = endpoint_url
        self.cloudformation = boto3.client("cloudformation", endpoint_url=endpoint_url)
        self.s3 = boto3.client("s3", endpoint_url=endpoint_url)
        self.ssm = boto3.client("ssm", endpoint_url=endpoint_url)
        self.poll_seconds = 0.1 if endpoint_url else 3.0

    def deploy(self, build: Path, parameters: dict[str, str]) -> dict[str, str]:
        """Bring the stack to what build/ says; answers its outputs. Parameters not given stay."""
        template = json.loads((build / "sam.json").read_text(encoding="utf-8"))
        bucket = self.artefact_bucket()
        self.upload_code(template, build, bucket)
        template_url = self.upload(bucket, "sam.json", json.dumps(template).encode())
        self.apply(template_url, template["Parameters"].keys(), parameters)
        return self.outputs()

    def artefact_bucket(self) -> str:
        """The bucket for code of this account and region, made where it is not there yet."""
        account = boto3.client("sts", endpoint_url=self.endpoint_url).get_caller_identity()["Account"]
        region = self.s3.meta.region_name
        name = f"callmeter-artefacts-{account}-{region}"
        try:
            self.s3.head_bucket(Bucket=name, ExpectedBucketOwner=account)
        except ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
            place: Any = {"CreateBucketConfiguration": {"LocationConstraint": region}}
            self.s3.create_bucket(Bucket=name, **({} if region == "us-east-1" else place))
        return name

    def upload_code(self, template: dict[str, Any], build: Path, bucket: str) -> None:
        """Upload each zip the template names, once, and let the template name the object instead."""
        uploaded: dict[str, str] = {}
        for resource in template["Resources"].values():
            for key in CODE_KEYS:
                name = resource.get("Properties", {}).get(key)
                if not isinstance(name, str) or not name.endswith(".zip"):
                    continue
                if name not in uploaded:
                    url = self.upload(bucket, Path(name).name, (build / name).read_bytes())
                    uploaded[name] = "s3://" + url.removeprefix(f"{self.s3.meta.endpoint_url}/")
                resource["Properties"][key] = uploaded[name]

    def upload(self, bucket: str, name: str, body: bytes) -> str:
        """Put an artefact under its digest, unless it is there; answers its https address."""
        key = f"{self.stack}/{hashlib.sha256(body).hexdigest()[:32]}-{name}"
        if not self.s3.list_objects_v2(Bucket=bucket, Prefix=key).get("KeyCount"):
            say(f"uploading {name}, {len(body) / 1e6:.1f} MB")
            self.s3.put_object(Bucket=bucket, Key=key, Body=body)
        return f"{self.s3.meta.endpoint_url}/{bucket}/{key}"

    def apply(self, template_url: str, declared: Any, parameters: dict[str, str]) -> None:
        """Create or update the stack by a change set and wait for it."""
        if unknown := sorted(parameters.keys() - declared):
            raise SystemExit(f"The template has no parameter {', '.join(unknown)}; it has {', '.join(declared)}.")
        existing = self.describe()
        status = existing.get("StackStatus", "REVIEW_IN_PROGRESS")
        if status == "ROLLBACK_COMPLETE":
            raise SystemExit(f"Stack {self.stack} could not be created before: delete it, then deploy again.")
        kept = {entry["ParameterKey"] for entry in existing.get("Parameters", [])} & declared
        values: list[Any] = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        values += [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept - parameters.keys())]
        change_set = self.cloudformation.create_change_set(
            StackName=self.stack,
            ChangeSetName=f"callmeter-{secrets.token_hex(6)}",
            ChangeSetType="CREATE" if status == "REVIEW_IN_PROGRESS" else "UPDATE",
            TemplateURL=template_url,
            Parameters=values,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )["Id"]
        if self.ready(change_set):
            self.execute(change_set)

    def ready(self, change_set: str) -> bool:
        """Whether the change set has something to change; waits until that is known."""
        made = self.settled(lambda: self.cloudformation.describe_change_set(ChangeSetName=change_set), "Status")
        if made["Status"] == "CREATE_COMPLETE":
            return True
        reason = made.get("StatusReason", "")
        self.cloudformation.delete_change_set(ChangeSetName=change_set)
        if "didn't contain changes" in reason or "No updates" in reason:
            say("nothing to change")
            return False
        raise SystemExit(f"CloudFormation refuses to change stack {self.stack}: {reason}")

    def execute(self, change_set: str) -> None:
        say(f"changing stack {self.stack}")
        self.cloudformation.execute_change_set(ChangeSetName=change_set)
        status = self.settled(self.describe, "StackStatus")["StackStatus"]
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise SystemExit("\n".join([f"Stack {self.stack} is {status}:", *self.failures()]))

    def settled(self, describe: Callable[[], Any], key: str) -> Any:
        """What `describe` says once its status is no longer pending or in progress."""
        while True:
            time.sleep(self.poll_seconds)
            described = describe()
            if not described[key].endswith(("_IN_PROGRESS", "_PENDING")):
                return described

    def describe(self) -> Any:
        """The stack as CloudFormation knows it; empty where there is none."""
        try:
            return self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return {}
            raise

    def failures(self) -> list[str]:
        """What went wrong, oldest first: the first line is the cause."""
        events = self.cloudformation.describe_stack_events(StackName=self.stack)["StackEvents"]
        failed = [event for event in reversed(events) if event.get("ResourceStatus", "").endswith("_FAILED")]
        return [f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in failed]

    def outputs(self) -> dict[str, str]:
        return {entry["OutputKey"]: entry["OutputValue"] for entry in self.describe().get("Outputs", [])}

    def ensure_link_secret(self, name: str) -> None:
        """Make the secret that signs sign-in links, unless it is there: another would end every session."""
        try:
            self.ssm.put_parameter(Name=name, Value=secrets.token_urlsafe(32), Type="SecureString")
            say(f"made the secret {name}")
        except self.ssm.exceptions.ParameterAlreadyExists:
            pass

    def has_parameter(self, name: str) -> bool:
        return not self.ssm.get_parameters(Names=[name])["InvalidParameters"]

    def upload_page(self, page: Path, bucket: str, distribution: str) -> None:
        """Put the call page where CloudFront reads it, and let CloudFront forget the old one."""
        for path in sorted(page.rglob("*")):
            if path.is_file():
                key = path.relative_to(page).as_posix()
                self.s3.put_object(
                    Bucket=bucket,
                    Key=key,
                    Body=path.read_bytes(),
                    ContentType=content_type(key),
                    CacheControl="no-cache",
                )
        cloudfront: Any = boto3.client("cloudfront", endpoint_url=self.endpoint_url)
        cloudfront.create_invalidation(
            DistributionId=distribution,
            InvalidationBatch={
                "Paths": {"Quantity": 1, "Items": ["/*"]},
                "CallerReference": secrets.token_hex(8),
            },
        )


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def deploy(stack: str, build: Path, parameters: dict[str, str], page: Path, endpoint_url: str | None) -> dict[str, str]:
    """Everything, in order; answers the stack's outputs."""
    deployment = Deployment(stack, endpoint_url)
    outputs = deployment.deploy(build, parameters)
    deployment.ensure_link_secret(outputs["LinkSecretParameterName"])
    if "PageBucket" in outputs:
        deployment.upload_page(page, outputs["PageBucket"], outputs["PageDistribution"])
    key = outputs["UcrmKeyParameterName"]
    if not deployment.has_parameter(key):
        say(f"Now store UCRM's app key: aws ssm put-parameter --type SecureString --name {key} --value KEY")
    return outputs


def main() -> None:
    parser = argparse.ArgumentParser(description="Deploy build/ to AWS with the credentials at hand.")
    parser.add_argument("--stack", default="callmeter", help="the stack's name, in lower case")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--page", type=Path, default=ROOT / "functions" / "page")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    parser.add_argument("--endpoint-url", help="an emulator instead of AWS")
    arguments = parser.parse_args()
    if not (arguments.build / "sam.json").is_file():
        parser.error(f"{arguments.build} holds no package: run make package first")
    if arguments.stack != arguments.stack.lower():
        parser.error(f"stack {arguments.stack}: a bucket is named after it, which must be in lower case")
    pairs = [pair.partition("=") for pair in arguments.parameter]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        parser.error(f"--parameter {wrong[0]}: write NAME=VALUE")
    parameters = {name: value for name, _, value in pairs}
    try:
        outputs = deploy(arguments.stack, arguments.build, parameters, arguments.page, arguments.endpoint_url)
    except (BotoCoreError, ClientError) as error:
        raise SystemExit(f"Deploying {arguments.stack} failed: {error}") from error
    print(json.dumps(outputs, indent=2, sort_keys=True))  # noqa: T201


if __name__ == "__main__":
    main()
