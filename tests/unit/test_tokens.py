"""Signed links and sessions: what opens the call page, and what must not."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from callmeter.errors import CallmeterError, UsageError
from callmeter.portal.tokens import NotSignedIn, account_of, open_session, sign_link

SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105
OTHER = "fedcba9876543210fedcba9876543210"
NOW = datetime(2026, 11, 2, 9, 30, 15, 400_000, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)


def claims(**changed: Any) -> dict[str, Any]:
    """A session's claims, with some changed, or left out where None."""
    second = int(NOW.timestamp())
    facts = {"sub": "miller", "aud": "callmeter-session", "iat": second, "exp": second + 60, **changed}
    return {name: value for name, value in facts.items() if value is not None}


def signed(payload: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(payload, secret, algorithm=algorithm)


def test_a_link_opens_a_session_of_its_account() -> None:
    session = open_session(sign_link("miller", SECRET, NOW), SECRET, NOW)
    assert session.account_id == "miller"
    assert account_of(session.token, SECRET, NOW) == "miller"
    assert session.expires_at == datetime(2026, 11, 2, 21, 30, 15, tzinfo=UTC)  # 12 hours on


def test_a_link_opens_sessions_until_its_time_is_over() -> None:
    link = sign_link("miller", SECRET, NOW, minutes=15)
    open_session(link, SECRET, LATER - timedelta(seconds=1))
    with pytest.raises(NotSignedIn):
        open_session(link, SECRET, LATER)


def test_a_session_ends_when_it_says() -> None:
    session = open_session(sign_link("miller", SECRET, NOW), SECRET, NOW)
    assert account_of(session.token, SECRET, session.expires_at - timedelta(seconds=1)) == "miller"
    with pytest.raises(NotSignedIn):
        account_of(session.token, SECRET, session.expires_at)


def test_a_link_is_no_session_and_a_session_no_link() -> None:
    link = sign_link("miller", SECRET, NOW)
    with pytest.raises(NotSignedIn):
        account_of(link, SECRET, NOW)
    with pytest.raises(NotSignedIn):
        open_session(open_session(link, SECRET, NOW).token, SECRET, NOW)


def test_the_claims_these_tests_change_are_good_unchanged() -> None:
    assert account_of(signed(claims()), SECRET, NOW) == "miller"


@pytest.mark.parametrize("name", ["sub", "aud", "iat", "exp"])
def test_every_claim_is_required(name: str) -> None:
    with pytest.raises(NotSignedIn):
        account_of(signed(claims(**{name: None})), SECRET, NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "callmeter"},
        {"aud": ["callmeter-session", "callmeter-link"]},
        {"sub": ""},
        {"exp": "9999999999"},
        {"exp": 9_999_999_999.5},
        {"exp": True},
        {"iat": True},
        {"iat": int(NOW.timestamp()) + 3_600},
    ],
)
def test_a_claim_that_is_not_as_signed_here_opens_nothing(changed: dict[str, Any]) -> None:
    with pytest.raises(NotSignedIn):
        account_of(signed(claims(**changed)), SECRET, NOW)


def test_another_secret_opens_nothing() -> None:
    with pytest.raises(NotSignedIn):
        account_of(signed(claims(), OTHER), SECRET, NOW)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_opens_nothing(algorithm: str) -> None:
    with pytest.raises(NotSignedIn):
        account_of(signed(claims(), SECRET * 2, algorithm), SECRET * 2, NOW)


def test_a_token_without_signature_opens_nothing() -> None:
    with pytest.raises(NotSignedIn):
        account_of(jwt.encode(claims(), "", algorithm="none"), SECRET, NOW)


def test_a_tampered_account_opens_nothing() -> None:
    header, _, signature = signed(claims()).split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(sub="smith")).encode()).decode().rstrip("=")
    with pytest.raises(NotSignedIn):
        account_of(f"{header}.{body}.{signature}", SECRET, NOW)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..", "\x00", "ä.ö.ü", "e30.e30.e30", "." * 10_000])
def test_what_is_no_token_opens_nothing(token: str) -> None:
    with pytest.raises(NotSignedIn):
        account_of(token, SECRET, NOW)


def test_every_refusal_reads_the_same() -> None:
    refusals = set()
    for token in ("x", signed(claims(), OTHER), signed(claims(aud="callmeter")), signed(claims(exp=1))):
        with pytest.raises(NotSignedIn) as refused:
            account_of(token, SECRET, NOW)
        refusals.add((str(refused.value), refused.value.__cause__))
    assert len(refusals) == 1
    assert issubclass(NotSignedIn, CallmeterError)


def test_a_short_secret_is_refused_before_anything_is_signed_or_read() -> None:
    with pytest.raises(UsageError, match="has 31 bytes: it needs 32"):
        sign_link("miller", SECRET[:31], NOW)
    with pytest.raises(UsageError, match="has 31 bytes"):
        account_of(signed(claims()), SECRET[:31], NOW)


@pytest.mark.parametrize("minutes", [0, -1, 7 * 24 * 60 + 1])
def test_a_link_lasts_from_a_minute_to_a_week(minutes: int) -> None:
    with pytest.raises(UsageError, match="cannot last"):
        sign_link("miller", SECRET, NOW, minutes)


def test_a_printed_session_does_not_show_its_token() -> None:
    session = open_session(sign_link("miller", SECRET, NOW), SECRET, NOW)
    assert session.token not in repr(session)
