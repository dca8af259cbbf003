"""The operator's API: what the CRM's plugin asks, with tokens it signs by the link secret. See infra/ucrm/plugin."""

import re
from datetime import UTC, datetime
from typing import Any

from chalice.app import Blueprint

from callmeter.errors import UsageError
from callmeter.parts import parts
from callmeter.portal import operator
from callmeter.portal.account import Portal
from callmeter.portal.tokens import NotSignedIn, operator_of
from chalicelib.portal import answered
from chalicelib.telemetry import logger

blueprint = Blueprint(__name__)


@blueprint.route("/v1/operator/status", methods=["GET"])
@answered
def operator_status() -> dict[str, Any]:
    """This month's figures, bills not finished, rejects, the catalogue in force."""
    return operator.status(_portal(), datetime.now(UTC))


@blueprint.route("/v1/operator/clients/{client_id}/accounts", methods=["GET"])
@answered
def accounts_of_client(client_id: str) -> dict[str, Any]:
    """The accounts of one of the CRM's clients."""
    portal = _portal()
    if not re.fullmatch("[0-9]{1,18}", client_id):
        raise UsageError(f'"{client_id}" is not the number of a client')
    return {"accounts": operator.accounts_of_client(portal, int(client_id))}


def _portal() -> Portal:
    """What the routes work on, for a request that the operator signed. Raises NotSignedIn."""
    scheme, _, token = (blueprint.current_request.headers.get("authorization") or "").partition(" ")
    if scheme.lower() != "bearer":
        raise NotSignedIn
    here = parts()
    logger.info("the operator asks", by=operator_of(token, here.link_secret, datetime.now(UTC)))
    return Portal(here.store, here.totals, here.bills, here.settings, here.environment.shards)
