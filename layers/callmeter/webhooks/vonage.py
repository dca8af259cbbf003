"""Vonage's voice events: JSON, one for each state of a leg; the last one says all that a call needs.

`completed` has start_time (believed: when it was answered), end_time and duration; a leg that was never answered ends
with a status of its own and no `completed` (developer.vonage.com, voice webhook reference).

Signature: `Authorization: Bearer JWT`, HS256 with the account's signature secret; its payload_hash is the SHA-256 of
the body, its iat the time. It does not cover the URL. Vonage may, rarely, send an event unsigned: it is refused, and
only comes again where its sender tries again.
"""

import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from typing import Any

import jwt
from jwt.warnings import InsecureKeyLengthWarning

from callmeter.webhooks.base import Carrier, Event, Refused, Request, Secrets, leg_of, text_of
from callmeter.webhooks.proofs import need, need_recent

# How long its signature secret is, Vonage decides.
warnings.filterwarnings("ignore", category=InsecureKeyLengthWarning, module="jwt")
_FINAL = frozenset(("completed", "busy", "cancelled", "unanswered", "rejected", "failed", "timeout"))


def verify(request: Request, secrets: Secrets, now: datetime) -> None:
    scheme, _, token = request.header("authorization").partition(" ")
    if scheme.lower() != "bearer":
        raise Refused("unsigned")
    claims = _claims(token, secrets)
    need_recent(str(claims.get("iat", "")), now)
    need([sha256(request.body).hexdigest()], [str(claims.get("payload_hash", ""))])


def events(request: Request) -> list[Event]:
    """A leg that has ended, answered or not."""
    record = request.record
    return [Event(leg_of(record, "uuid"), record)] if text_of(record, "status") in _FINAL else []


def _claims(token: str, secrets: Secrets) -> dict[str, Any]:
    """What the token says. Times are looked at by ours alone."""
    if all(map(_is_canonical, token.split("."))):
        for secret in secrets:
            try:
                return jwt.decode(token, secret, ["HS256"], options={"verify_signature": True, "verify_exp": False,
                    "verify_nbf": False, "verify_iat": False, "verify_aud": False})  # fmt: skip
            except jwt.InvalidTokenError:
                continue
    raise Refused("wrong-signature")


def _is_canonical(part: str) -> bool:
    """Whether this is the one spelling of what it encodes."""
    try:
        return urlsafe_b64encode(urlsafe_b64decode(part + "=" * (-len(part) % 4))).decode().rstrip("=") == part
    except ValueError:
        return False


VONAGE = Carrier("vonage", "vonage", verify, events)
