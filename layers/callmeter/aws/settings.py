"""The environment variables of every function, as one checked model, read at start."""

import os
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, ValidationError

from callmeter.errors import UsageError
from callmeter.model import Fact

_PREFIX = "CALLMETER_"


class Environment(Fact):
    """CALLMETER_BUCKET is `bucket`, and so on. What infra/ sets for every function."""

    bucket: Annotated[str, Field(min_length=3, max_length=63, description="the data bucket")]
    table: Annotated[str, Field(min_length=3, max_length=255, description="the DynamoDB table")]
    shards: Annotated[int, Field(ge=1, le=1000, description="parts the accounts are spread over, such as 16")]
    ucrm_url: Annotated[str, Field(pattern=r"^(https?://\S+)?$", description="UCRM's address")] = ""
    ucrm_key_parameter: Annotated[str, Field(min_length=1, description="SSM parameter that holds UCRM's key")]
    link_secret_parameter: Annotated[str, Field(min_length=1, description="SSM parameter that signs links")]
    # Of some functions, and some operators, only.
    whmcs_url: Annotated[str, Field(pattern=r"^(https?://\S+)?$", description="WHMCS' address")] = ""
    whmcs_key_parameter: Annotated[str, Field(description="SSM parameter that holds WHMCS' API credentials")] = ""
    webhook_secret_parameter: Annotated[str, Field(description="SSM parameter with the secret in UCRM's webhook")] = ""
    webhook_secrets: Annotated[str, Field(description="SSM path below which each carrier's secrets are")] = ""
    webhooks_queue: Annotated[str, Field(description="URL of the queue of verified webhooks")] = ""
    webhook_wait_seconds: Annotated[int, Field(ge=0, le=900, description="how long a leg waits for its events")] = 120
    public_url: Annotated[str, Field(pattern=r"^(https?://\S+)?$", description="the API as carriers are given it")] = ""
    events_queue: Annotated[str, Field(description="URL of the queue of UCRM's events")] = ""
    bill_function: Annotated[str, Field(description="name of the function bill")] = ""
    pull_secrets: Annotated[str, Field(pattern=r"^/", description="where the SSM parameters of pulls are")] = (
        "/callmeter/pulls/"
    )
    alarm_topic: Annotated[str, Field(description="SNS topic the operator is told by")] = ""


def read_environment(variables: Mapping[str, str] = os.environ) -> Environment:
    """The settings. Raises `UsageError` that names every variable missing or wrong, and what it holds."""
    values = {name: variables[_variable(name)] for name in Environment.model_fields if variables.get(_variable(name))}
    try:
        return Environment.model_validate(values)
    except ValidationError as error:
        problems = "\n".join(_problem(str(each["loc"][0]), each["type"], each["msg"]) for each in error.errors())
        raise UsageError(f"the function's environment is not complete (infra/ sets it):\n{problems}") from error


def _variable(name: str) -> str:
    return _PREFIX + name.upper()


def _problem(name: str, kind: str, message: str) -> str:
    meaning = Environment.model_fields[name].description
    fault = "is missing" if kind == "missing" else f"is wrong ({message})"
    return f"  {_variable(name)} {fault}: {meaning}"
