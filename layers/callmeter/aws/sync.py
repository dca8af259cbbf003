"""`callmeter sync` against a deployed stack: invoke the function, make and show the webhook's address."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from callmeter.aws.operator import Deployment
from callmeter.errors import CallmeterError, Unreachable

SYNC_SECONDS = 900


@dataclass(frozen=True)
class SyncDeployment:
    """The sync function of a deployed stack."""

    deployment: Deployment

    def preview(self, *, force: bool) -> dict[str, Any]:
        """What would change, and the digest of it. Raises CallmeterError, Unreachable."""
        return self._invoke({"dry_run": True, "force": force})

    def apply(self, digest: str, *, force: bool) -> dict[str, Any]:
        """Make the changes that were previewed under this digest, and no others."""
        return self._invoke({"agreed": digest, "force": force})

    def set_up(self) -> tuple[list[str], str]:
        """Define UCRM's attributes; those that were missing, and the address for UCRM's webhook."""
        defined = list(self._invoke({"set_up": True})["defined"])
        outputs = self.deployment.outputs
        base = outputs.get("PageUrl") or outputs["EndpointURL"]
        return defined, f"{base.rstrip('/')}/v1/webhooks/ucrm/{self._webhook_secret()}"

    def _webhook_secret(self) -> str:
        """The secret in the webhook's address, made where there is none."""
        parameters = self.deployment.session.client("ssm", endpoint_url=self.deployment.endpoint_url)
        name = self.deployment.outputs["WebhookSecretParameterName"]
        with suppress(parameters.exceptions.ParameterAlreadyExists):  # another would cut off the webhook that has it
            parameters.put_parameter(Name=name, Value=secrets.token_urlsafe(32), Type="SecureString")
        return parameters.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]

    def _invoke(self, asked: dict[str, Any]) -> dict[str, Any]:
        client = self.deployment.session.client(
            "lambda",
            endpoint_url=self.deployment.endpoint_url,
            config=Config(read_timeout=SYNC_SECONDS, retries={"total_max_attempts": 1}),
        )
        try:
            done = client.invoke(FunctionName=self.deployment.outputs["SyncName"], Payload=json.dumps(asked).encode())
        except (BotoCoreError, ClientError) as error:
            raise Unreachable(f"sync could not be invoked: {error}") from error
        answer = json.loads(done["Payload"].read() or b"{}")
        if "FunctionError" in done:
            raise CallmeterError(str(answer.get("errorMessage", answer)))
        return dict(answer)
