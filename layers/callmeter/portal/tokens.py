"""Signed links and sessions of the call page: JSON Web Tokens, HS256 (RFC 7519), no state kept.

    sign_link ──► link, minutes, "callmeter-link" ──► open_session ──► session, hours, "callmeter-session"
                                                                            └──► account_of, every request
    sign_operator ──► minutes, "callmeter-operator" ──► operator_of, every request

A link opens sessions only, and a session opens no other: the audiences differ. The operator's CRM, which holds
the secret (infra/ucrm/plugin), signs links and its own requests the same way. Whatever is wrong with a token,
the answer is one and the same `NotSignedIn`, so that nobody learns from it.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from callmeter.errors import CallmeterError, UsageError

_LINK, _SESSION, _OPERATOR = "callmeter-link", "callmeter-session", "callmeter-operator"
_ALGORITHM = "HS256"
_SECRET_BYTES = 32  # RFC 7518 3.2: a key at least as long as the hash
_SESSION_LASTS = timedelta(hours=12)
_LINK_LASTS_AT_MOST = timedelta(days=7)
_OPERATOR_LASTS = timedelta(minutes=5)
_CLOCKS_DIFFER = timedelta(seconds=60)  # between the machine that signed and the one that reads


class NotSignedIn(CallmeterError):
    """The token opens nothing: it is missing, forged, of another kind, or its time is over."""

    def __init__(self) -> None:
        super().__init__("you are not signed in: open the page by a new link")


@dataclass(frozen=True)
class Session:
    """A customer's stay on the call page. The token is left out where a session is printed."""

    token: str = field(repr=False)
    expires_at: datetime
    account_id: str


def sign_link(account_id: str, secret: str, now: datetime, minutes: int = 15) -> str:
    """A token that opens sessions of the account for so many minutes. Raises `UsageError`."""
    lasts = timedelta(minutes=minutes)
    if not timedelta(0) < lasts <= _LINK_LASTS_AT_MOST:
        raise UsageError(f"a link cannot last {minutes} minutes: 1 to {_LINK_LASTS_AT_MOST // timedelta(minutes=1)}")
    if not account_id:
        raise UsageError("a link needs an account id")
    return _sign(account_id, _LINK, secret, now, lasts)


def open_session(link_token: str, secret: str, now: datetime) -> Session:
    """A new session for whoever holds the link. Raises `NotSignedIn`."""
    account_id = _subject(link_token, _LINK, secret, now)
    token = _sign(account_id, _SESSION, secret, now, _SESSION_LASTS)
    return Session(token, _whole_second(now + _SESSION_LASTS), account_id)


def account_of(session_token: str, secret: str, now: datetime) -> str:
    """The account whose session this is. Raises `NotSignedIn`."""
    return _subject(session_token, _SESSION, secret, now)


def sign_operator(name: str, secret: str, now: datetime) -> str:
    """A token for the operator's own requests of the next minutes; `name` says who asks, such as "ucrm-plugin"."""
    return _sign(name, _OPERATOR, secret, now, _OPERATOR_LASTS)


def operator_of(token: str, secret: str, now: datetime) -> str:
    """Who of the operator's side asks. Raises `NotSignedIn`."""
    return _subject(token, _OPERATOR, secret, now)


def _sign(subject: str, audience: str, secret: str, now: datetime, lasts: timedelta) -> str:
    claims = {
        "sub": subject,
        "aud": audience,
        "iat": int(now.timestamp()),
        "exp": int((now + lasts).timestamp()),
    }
    return jwt.encode(claims, _key(secret), algorithm=_ALGORITHM)


def _subject(token: str, audience: str, secret: str, now: datetime) -> str:
    key = _key(secret)
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=audience,
            # Times are checked below, against the caller's clock.
            options={
                "require": ["exp", "iat", "aud", "sub"],
                "strict_aud": True,
                "verify_exp": False,
                "verify_iat": False,
            },
        )
    except (jwt.InvalidTokenError, ValueError, TypeError):
        raise NotSignedIn from None
    if not _in_force(claims, now) or not claims["sub"]:
        raise NotSignedIn
    return str(claims["sub"])


def _in_force(claims: dict[str, Any], now: datetime) -> bool:
    """Issued by now, and not over. Only whole seconds are times: true, "1" and 1.5 are not."""
    issued_at, expires_at = claims["iat"], claims["exp"]
    if type(issued_at) is not int or type(expires_at) is not int:
        return False
    return issued_at <= (now + _CLOCKS_DIFFER).timestamp() and now.timestamp() < expires_at


def _key(secret: str) -> bytes:
    key = secret.encode()
    if len(key) < _SECRET_BYTES:
        raise UsageError(f"the link secret has {len(key)} bytes: it needs {_SECRET_BYTES} or more, random ones")
    return key


def _whole_second(instant: datetime) -> datetime:
    return datetime.fromtimestamp(int(instant.timestamp()), UTC)
