"""The checks that signatures are made of. Each compares in a time that does not tell how much of it was right.

What is compared is the text that stands in the header, not what it decodes to: base64 has several spellings of one
value, and only the one that is expected passes.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import UTC, datetime

from callmeter.webhooks.base import Refused, Request, Secrets

TOLERANCE_SECONDS = 300  # between the carrier's clock and ours; what is older may be a replay


def need(expected: Iterable[str], given: Iterable[str]) -> None:
    """Raises Refused unless one of the given texts is one of those expected."""
    texts = [_bytes(text) for text in given if text]
    if not any(hmac.compare_digest(_bytes(one), text) for one in expected for text in texts):
        raise Refused("wrong-signature")


def hmac_base64(secret: str | bytes, text: str | bytes, digest: str) -> str:
    return b64encode(_hmac(secret, text, digest).digest()).decode()


def hmac_hex(secret: str | bytes, text: str | bytes, digest: str) -> str:
    return _hmac(secret, text, digest).hexdigest()


def need_recent(epoch_seconds: str, now: datetime) -> datetime:
    """When it was signed. Raises Refused where that is no time, or not about now."""
    if not (epoch_seconds.isascii() and epoch_seconds.isdigit() and len(epoch_seconds) == 10):
        raise Refused("wrong-time")
    at = datetime.fromtimestamp(int(epoch_seconds), UTC)
    if abs((now - at).total_seconds()) > TOLERANCE_SECONDS:
        raise Refused("wrong-time")
    return at


def unbase64(text: str) -> bytes | None:
    """What the text encodes, where it is the one spelling of it."""
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        return None
    return found if b64encode(found).decode() == text else None


def basic(request: Request, secrets: Secrets, _now: datetime) -> None:
    """HTTP basic; a secret is `user:password`. A replay, which has no time, is the same call by its identity."""
    scheme, _, given = request.header("authorization").partition(" ")
    if scheme.lower() != "basic":
        raise Refused("unsigned")
    need((b64encode(secret.encode()).decode() for secret in secrets), [given])


def _hmac(secret: str | bytes, text: str | bytes, digest: str) -> hmac.HMAC:
    return hmac.new(_bytes(secret), _bytes(text), digest)


def _bytes(text: str | bytes) -> bytes:
    return text.encode(errors="surrogatepass") if isinstance(text, str) else text
