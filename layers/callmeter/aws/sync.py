"""`callmeter sync` against a deployed stack: invoke the function, make and show the webhook's address."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from callmeter.aws.operator import Deployment


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
        return self.deployment.invoke("sync", asked)
