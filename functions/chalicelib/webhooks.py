"""UCRM's webhooks -> hints in a queue. Answers at once: whether it is true is asked later, by the sync function.

The CRM signs nothing: a secret in the address says that a request is its. Whoever has not got it finds nothing here.
"""

import hmac
from typing import Any

from chalice.app import Blueprint, Response
from pydantic import ValidationError

from callmeter.customers.events import Event
from callmeter.errors import Missing, UsageError
from callmeter.parts import parts
from callmeter.portal.account import NotThere
from chalicelib.portal import answered
from chalicelib.telemetry import logger

blueprint = Blueprint(__name__)
LARGEST_BODY = 2 * 2**20  # an invoice comes whole, with all of its items


@blueprint.route("/v1/webhooks/ucrm/{secret}", methods=["POST"])
@answered
def ucrm_happened(secret: str) -> Any:
    """Take note of an event; 202 for those of no interest too."""
    _check(secret)
    body = blueprint.current_request.raw_body
    if len(body) > LARGEST_BODY:
        raise UsageError(f"the body is larger than {LARGEST_BODY} bytes")
    try:
        hint = Event.model_validate_json(body).hint
    except ValidationError:
        raise UsageError("the body is not an event as UCRM sends it") from None
    if hint:
        parts().events.send(hint)
        logger.info("UCRM tells of an event", uuid=hint.uuid, kind=hint.kind)
    return Response("", {"Cache-Control": "no-store"}, 202)


def _check(secret: str) -> None:
    """Raises NotThere unless the secret is right; in a time that does not tell how much of it is."""
    try:
        wanted = parts().webhook_secret
    except Missing:
        raise NotThere("there is nothing here") from None
    if not hmac.compare_digest(secret.encode(), wanted.encode()):
        raise NotThere("there is nothing here")
