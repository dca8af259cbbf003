"""Webhooks of carriers and PBXs -> a queue: what is shown to be theirs is queued and answered at once.

A carrier that is not set up is not there (404), like one that does not exist. What is not the carrier's own is refused
(401), what is too large (413) or not understood (400) as well; none of the answers says why.
"""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit
from chalice.app import Blueprint, Response
from chalice.app import Request as HttpRequest

from callmeter.errors import Missing
from callmeter.parts import parts
from callmeter.webhooks.base import Refused, Request, Unparseable
from callmeter.webhooks.carriers import CARRIERS
from callmeter.webhooks.collecting import LARGEST_MESSAGE, Received
from chalicelib.telemetry import logger, metrics

blueprint = Blueprint(__name__)
_TITLES = {
    400: ("bad-request", "The request was not understood"),
    401: ("not-signed", "The request is not signed as it should be"),
    404: ("not-found", "Not found"),
    413: ("too-large", "The request is too large"),
    503: ("unreachable", "Try again later"),
}


@blueprint.route("/v1/webhooks/{carrier}", methods=["POST"], content_types=["*/*"])
def carrier_tells(carrier: str) -> Response:
    """Check, queue, answer."""
    try:
        return _taken(carrier)
    except Missing:
        return _refused(carrier if carrier in CARRIERS else "unknown", "not-set-up", 404)
    except Refused as error:
        return _refused(carrier, error.reason, 401)
    except Unparseable:
        return _refused(carrier, "unparseable", 400)
    except Exception:  # noqa: BLE001 - whatever it is, the carrier is to send it again
        logger.exception("a webhook cannot be taken", carrier=carrier)
        return _problem(503)


def _taken(name: str) -> Response:
    carrier = CARRIERS.get(name)
    if not carrier:
        raise Missing(name)
    secrets = parts().keyring.of(name)
    request = _request(name)
    if len(request.body) > carrier.largest_body:
        return _refused(name, "too-large", 413)
    carrier.verify(request, secrets, request.received_at)
    if not carrier.events(request):
        _count("WebhooksIgnored", carrier=name)
        logger.info("a webhook of no interest", carrier=name)
        return _answer(carrier.answer)
    message = Received.of(carrier, request).message()
    if len(message) > LARGEST_MESSAGE:
        return _refused(name, "too-large", 413)
    parts().webhooks.send(message)
    _count("WebhooksAccepted", carrier=name)
    logger.info("a webhook is queued", carrier=name, bytes=len(request.body))
    return _answer(carrier.answer)


def _request(name: str) -> Request:
    """The request that is being answered, with the address its carrier was given."""
    http: HttpRequest = blueprint.current_request
    headers = {key.lower(): value for key, value in http.headers.items()}
    body = http.raw_body or b""
    return Request(
        _public_url(name, http), headers, body if isinstance(body, bytes) else body.encode(), datetime.now(UTC)
    )


def _public_url(name: str, http: HttpRequest) -> str:
    """As configured, else API Gateway's own. It hands over the query decoded: here it is encoded as carriers do."""
    base = parts().environment.public_url.rstrip("/")
    own = f"https://{http.context.get('domainName', '')}{http.context.get('path', '')}"
    url = f"{base}/v1/webhooks/{name}" if base else own
    query: Any = http.query_params or {}
    pairs = [(key, value) for key in query for value in query.getlist(key)]
    return f"{url}?{urlencode(pairs, quote_via=quote)}" if pairs else url


def _refused(carrier: str, reason: str, status: int) -> Response:
    """Counted twice: by carrier and reason, and in all, which the alarm looks at; a stranger's guesses but once."""
    _count("WebhooksRefused", carrier=carrier, reason=reason)
    if status != 404:
        _count("WebhooksRefused")
    logger.warning("a webhook is refused", carrier=carrier, reason=reason)
    return _problem(status)


def _count(name: str, **dimensions: str) -> None:
    with single_metric(name, MetricUnit.Count, 1, namespace=metrics.namespace) as metric:
        metric.add_dimension("service", "callmeter")
        for dimension, value in dimensions.items():
            metric.add_dimension(dimension, value)


def _answer(status: int) -> Response:
    return Response("", {"Content-Type": "text/plain", "Cache-Control": "no-store"}, status)


def _problem(status: int) -> Response:
    code, title = _TITLES[status]
    body = {"type": "about:blank", "title": title, "status": status, "code": code}
    return Response(json.dumps(body), {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}, status)
