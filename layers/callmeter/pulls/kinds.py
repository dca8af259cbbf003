"""The kinds of pull there are: settings by `kind`, and what fetches by them."""

import json
from typing import Annotated, Any

from pydantic import Field

from callmeter.errors import UsageError
from callmeter.pulls import freepbx, freepbx_mysql, fusionpbx, sipgate, telnyx, twilio, vitelity, voipms
from callmeter.pulls.port import Credentials, Fetcher, Patience
from callmeter.pulls.settings import Pull

AnyPull = Annotated[
    freepbx.FreepbxPull
    | freepbx_mysql.FreepbxMysqlPull
    | fusionpbx.FusionPull
    | sipgate.SipgatePull
    | telnyx.TelnyxPull
    | twilio.SignalWirePull
    | twilio.TwilioPull
    | vitelity.VitelityPull
    | voipms.VoipMsPull,
    Field(discriminator="kind"),
]

_FETCHERS: dict[type[Pull], Any] = {
    freepbx.FreepbxPull: freepbx.Cdrs,
    freepbx_mysql.FreepbxMysqlPull: freepbx_mysql.Table,
    fusionpbx.FusionPull: fusionpbx.Table,
    sipgate.SipgatePull: sipgate.History,
    telnyx.TelnyxPull: telnyx.DetailRecords,
    twilio.SignalWirePull: twilio.Calls,
    twilio.TwilioPull: twilio.Calls,
    vitelity.VitelityPull: vitelity.GetCdr,
    voipms.VoipMsPull: voipms.GetCdr,
}


def fetcher(pull: Pull, secret: str, patience: Patience | None = None) -> Fetcher:
    """What asks as `pull` says. secret: a password, or JSON {"user": …, "password": …}. Raises UsageError."""
    made: Fetcher = _FETCHERS[type(pull)](pull, credentials(pull, secret), patience or Patience())
    return made


def credentials(pull: Pull, secret: str) -> Credentials:
    """Who asks. The error for a secret that is neither form does not show it."""
    secret = secret.strip()
    if not secret.startswith("{"):
        return Credentials(pull.user, secret)
    try:
        given = json.loads(secret)
        return Credentials(str(given.get("user", pull.user)), str(given["password"]))
    except (ValueError, KeyError):
        raise UsageError(
            f'pull {pull.name}: its secret is to be a password, or {{"user": …, "password": …}} as JSON'
        ) from None
