"""The portal API: what the call page asks. Every route but the sign-in needs a session, and reaches one account."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import wraps
from typing import Annotated, Any, TypeVar

from chalice.app import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callmeter.errors import Unreachable, UsageError
from callmeter.money import plain
from callmeter.parts import parts
from callmeter.portal import account, calls
from callmeter.portal.account import NotThere, Portal
from callmeter.portal.tokens import NotSignedIn, account_of, open_session
from chalicelib.telemetry import logger

blueprint = Blueprint(__name__)
_Body = TypeVar("_Body", bound=BaseModel)

_PERIOD = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")

# What customers are told as it is; all else is our own affair, and logged.
_STATUS: list[tuple[type[Exception], int, str, str]] = [
    (NotSignedIn, 401, "not-signed-in", "Sign in again"),
    (NotThere, 404, "not-found", "Not found"),
    (UsageError, 400, "bad-request", "The request was not understood"),
]


class Link(BaseModel):
    """POST /v1/session."""

    model_config = ConfigDict(extra="forbid")
    link: Annotated[str, Field(max_length=4096)]


class Change(BaseModel):
    """PUT /v1/me/settings."""

    model_config = ConfigDict(extra="forbid")
    hide_digits: bool
    monthly_limit: Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)] | None


def answered(route: Callable[..., Any]) -> Callable[..., Response]:
    """Turn what a route returns into an answer, and what it raises into a problem without detail to leak."""

    @wraps(route)
    def answer(*arguments: Any, **named: Any) -> Response:
        try:
            result = route(*arguments, **named)
        except Exception as error:  # noqa: BLE001 - whatever it is, the customer gets a problem without its detail
            for kind, status, code, title in _STATUS:
                if isinstance(error, kind):
                    return _problem(status, code, title, str(error))
            logger.exception("the request failed")
            if isinstance(error, Unreachable):
                return _problem(503, "unreachable", "Try again later", "Something we need does not answer at present.")
            return _problem(500, "failed", "Something went wrong", "We have been told. Please try again later.")
        return result if isinstance(result, Response) else _json(result)

    return answer


def _json(body: Any) -> Response:
    return Response(json.dumps(body), {"Content-Type": "application/json", "Cache-Control": "no-store"}, 200)


def _problem(status: int, code: str, title: str, detail: str) -> Response:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    return Response(json.dumps(body), {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}, status)


def _portal() -> Portal:
    here = parts()
    return Portal(here.store, here.totals, here.bills, here.settings, here.environment.shards)


def _signed_in() -> str:
    """The account of the session that the request carries. Raises NotSignedIn."""
    scheme, _, token = (blueprint.current_request.headers.get("authorization") or "").partition(" ")
    if scheme.lower() != "bearer":
        raise NotSignedIn
    return account_of(token, parts().link_secret, datetime.now(UTC))


def _asked() -> dict[str, str]:
    return dict(blueprint.current_request.query_params or {})


def _body(model: type[_Body]) -> _Body:
    try:
        return model.model_validate_json(blueprint.current_request.raw_body)
    except ValidationError as error:
        raise UsageError(
            "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        ) from None


@blueprint.route("/v1/session", methods=["POST"])
@answered
def session() -> dict[str, Any]:
    """Exchange a sign-in link's token for a session."""
    opened = open_session(_body(Link).link, parts().link_secret, datetime.now(UTC))
    logger.info("signed in", account_id=opened.account_id)
    return {
        "token": opened.token,
        "expires_at": f"{opened.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "account_id": opened.account_id,
    }


@blueprint.route("/v1/me", methods=["GET"])
@answered
def me() -> dict[str, Any]:
    """The signed-in account and its figures."""
    return account.overview(_portal(), _signed_in(), datetime.now(UTC), _period(_asked().get("period", "")))


@blueprint.route("/v1/me/calls", methods=["GET"])
@answered
def my_calls() -> Any:
    """A page of the account's calls, or all that match as CSV."""
    account_id, asked = _signed_in(), _asked()
    period = _period(asked.get("period", "")) or _newest_period(account_id)
    wanted = calls.Wanted(period, asked.get("show", "all"), asked.get("q", "")[:100])
    if asked.get("format") == "csv":
        headers: dict[str, str | list[str]] = {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="calls-{period}.csv"',
            "Cache-Control": "no-store",
        }
        return Response(calls.as_csv(_portal(), account_id, wanted).decode(), headers, 200)
    return calls.page(
        _portal(), account_id, wanted, limit=_number(asked.get("limit", "50")), cursor=asked.get("cursor", "")
    )


@blueprint.route("/v1/me/statements/{period}", methods=["GET"])
@answered
def my_statement(period: str) -> dict[str, Any]:
    """Where to download a statement."""
    account_id, kind = _signed_in(), _asked().get("format", "pdf")
    if kind not in ("pdf", "csv"):
        raise UsageError(f'format is pdf or csv, not "{kind}"')
    return account.statement_link(_portal(), account_id, _period(period), kind)


@blueprint.route("/v1/me/settings", methods=["GET"])
@answered
def my_settings() -> dict[str, Any]:
    """What the customer has set."""
    return _settings(_signed_in())


@blueprint.route("/v1/me/settings", methods=["PUT"])
@answered
def change_settings() -> dict[str, Any]:
    """Change settings; they count from now on."""
    account_id, change = _signed_in(), _body(Change)
    account.change_settings(
        _portal(),
        account_id,
        datetime.now(UTC),
        hide_digits=change.hide_digits,
        monthly_limit=change.monthly_limit,
    )
    return _settings(account_id)


def _settings(account_id: str) -> dict[str, Any]:
    catalogue, _ = account.account_of(_portal(), account_id)
    limit = parts().settings.monthly_limit(account_id)
    return {
        "hide_digits": account.hides_digits(_portal(), catalogue, account_id),
        "monthly_limit": None if limit is None else plain(limit),
    }


def _newest_period(account_id: str) -> str:
    return str(account.overview(_portal(), account_id, datetime.now(UTC))["period"]["label"])


def _period(label: str) -> str:
    if label and not _PERIOD.fullmatch(label):
        raise UsageError(f'"{label}" is not a period; write it as 2026-10')
    return label


def _number(text: str) -> int:
    if not re.fullmatch("[0-9]{1,6}", text):
        raise UsageError(f'limit "{text}" is not a number')
    return int(text)
