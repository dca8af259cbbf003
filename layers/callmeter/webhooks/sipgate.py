"""sipgate.io's push events: forms without a single time: what is known of one is when it came.

newCall, answer and hangup of one callId (github.com/sipgate-io/sipgateio-node, lib/webhook). A call is as long as it
took from the arrival of its answer to that of its hangup: good for holds, and a second or so off for bills. The pull of
sipgate's history tells the truth.

Signature: X-Sipgate-Signature, base64, RSA with SHA-256 over the body; the secret is sipgate's public key as PEM, which
its documentation prints. It covers neither URL nor time: a replay is the same call by its callId.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from callmeter.webhooks.base import Carrier, Event, Refused, Request, Secrets, leg_of, text_of
from callmeter.webhooks.legs import OUTBOUND_INBOUND
from callmeter.webhooks.proofs import unbase64

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)
# forwarded and normalClearing do not say whether this leg was answered
_UNANSWERED = frozenset(("busy", "cancel", "noAnswer", "congestion", "notFound"))


def verify(request: Request, secrets: Secrets, _now: datetime) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    signature = unbase64(request.header("x-sipgate-signature"))
    for key in _keys(secrets):
        try:
            key.verify(signature or b"", request.body, PKCS1v15(), SHA256())
        except InvalidSignature:
            continue
        return
    raise Refused("wrong-signature")


def events(request: Request) -> list[Event]:
    """A leg's end, and what completes it."""
    record = request.record
    kind = text_of(record, "event")
    if kind not in ("newCall", "answer", "hangup"):
        return []
    leg = leg_of(record, "callId")
    direction = OUTBOUND_INBOUND.get(text_of(record, "direction"), "")
    facts = {"direction": direction, "from": text_of(record, "from"), "to": text_of(record, "to")}
    if kind == "newCall":
        return [Event(leg, facts={"initiated_at": request.arrived, **facts})]
    if kind == "answer":
        return [Event(leg, facts={"answered_at": request.arrived})]
    unanswered = "yes" if text_of(record, "cause") in _UNANSWERED else ""
    return [Event(leg, record, {"ended_at": request.arrived, "unanswered": unanswered})]


def _keys(secrets: Secrets) -> Iterator["RSAPublicKey"]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    for pem in _PEM.findall("\n".join(secrets)):
        try:
            key = load_pem_public_key(pem.encode())
        except (ValueError, UnsupportedAlgorithm):
            continue
        if isinstance(key, RSAPublicKey):
            yield key


SIPGATE = Carrier("sipgate", "sipgate", verify, events, paired=True, largest_body=2**16)
