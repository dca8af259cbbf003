"""Webhooks as carriers sign and send them: written from their documentation, beside callmeter's own reading of it."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from callmeter.webhooks.base import Request
from callmeter.webhooks.carriers import CARRIERS
from callmeter.webhooks.collecting import Collected, Received, collect, understand

BASE = "https://calls.example.net/v1/webhooks/"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
PASSWORDS = {"twilio": "twilio token", "signalwire": "PSK_signing_key", "plivo": "plivo token"}
VONAGE_SECRET = "a signature secret of thirty-two"  # noqa: S105
BASIC = "callmeter:pass:word"
PBX_SECRET = "whsec_" + b64encode(b"twenty-four secret bytes").decode()


@cache
def telnyx_key(seed: bytes = b"t" * 32) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed)


@cache
def sipgate_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def secret_of(carrier: str) -> str:
    """What an operator would put into the parameter."""
    match carrier:
        case "telnyx":
            return b64encode(telnyx_key().public_key().public_bytes_raw()).decode()
        case "sipgate":
            return public_pem(sipgate_key())
        case "vonage":
            return VONAGE_SECRET
        case "pbx":
            return PBX_SECRET
        case "bandwidth" | "freeswitch" | "fusionpbx":
            return BASIC
    return PASSWORDS[carrier]


def _hmac(secret: str | bytes, text: str | bytes, name: str) -> bytes:
    secret, text = (each.encode() if isinstance(each, str) else each for each in (secret, text))
    return hmac.digest(secret, text, name)


@dataclass(frozen=True)
class Post:
    """A webhook before it is signed."""

    carrier: str
    fields: dict[str, Any]
    kind: str = JSON
    raw: bytes = b""
    url: str = ""

    @property
    def body(self) -> bytes:
        if self.raw:
            return self.raw
        spaces = quote if "cdr" in self.fields else quote_plus  # FreeSWITCH writes %20
        form = self.kind == FORM
        return (urlencode(self.fields, quote_via=spaces) if form else json.dumps(self.fields)).encode()

    @property
    def address(self) -> str:
        return self.url or BASE + self.carrier

    def changed(self, **fields: Any) -> "Post":
        return replace(self, fields={**self.fields, **fields})

    def request(self, now: datetime) -> Request:
        """As the carrier sends it."""
        headers = {"content-type": self.kind, **_HEADERS[self.carrier](self, now)}
        return Request(self.address, headers, self.body, now)


def _glued(fields: Iterable[tuple[str, str]]) -> str:
    return "".join(name + value for name, value in sorted(fields))


def _twilio(post: Post, _now: datetime) -> dict[str, str]:
    signed = post.address + _glued(post.fields.items())
    return {"x-twilio-signature": b64encode(_hmac(secret_of("twilio"), signed, "sha1")).decode()}


def _signalwire(post: Post, _now: datetime) -> dict[str, str]:
    signed = post.address + _glued(post.fields.items())
    return {"x-signalwire-signature": b64encode(_hmac(secret_of("signalwire"), signed, "sha1")).decode()}


def _telnyx(post: Post, now: datetime) -> dict[str, str]:
    stamp = str(int(now.timestamp()))
    signature = telnyx_key().sign(f"{stamp}|".encode() + post.body)
    return {"telnyx-timestamp": stamp, "telnyx-signature-ed25519": b64encode(signature).decode()}


def _vonage(post: Post, now: datetime) -> dict[str, str]:
    claims = {
        "iat": int(now.timestamp()),
        "iss": "Vonage",
        "jti": "8f6b2a54",
        "api_key": "abcd1234",
        "payload_hash": hashlib.sha256(post.body).hexdigest(),
    }
    return {"authorization": "Bearer " + jwt.encode(claims, VONAGE_SECRET, "HS256")}


def _basic(_post: Post, _now: datetime) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(BASIC.encode()).decode()}


def _plivo(post: Post, _now: datetime) -> dict[str, str]:
    signed = f"{post.address}?{_glued(post.fields.items())}.a-nonce"
    signature = b64encode(_hmac(secret_of("plivo"), signed, "sha256")).decode()
    return {"x-plivo-signature-v3": f"AAAA,{signature}", "x-plivo-signature-v3-nonce": "a-nonce"}


def _sipgate(post: Post, _now: datetime) -> dict[str, str]:
    signature = sipgate_key().sign(post.body, padding.PKCS1v15(), SHA256())
    return {"x-sipgate-signature": b64encode(signature).decode()}


def _pbx(post: Post, now: datetime) -> dict[str, str]:
    stamp = str(int(now.timestamp()))
    signed = f"msg_1.{stamp}.".encode() + post.body
    signature = b64encode(_hmac(b"twenty-four secret bytes", signed, "sha256")).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": f"v1,AAAA v1,{signature}"}


_HEADERS: dict[str, Callable[[Post, datetime], dict[str, str]]] = {
    "twilio": _twilio,
    "signalwire": _signalwire,
    "telnyx": _telnyx,
    "vonage": _vonage,
    "bandwidth": _basic,
    "plivo": _plivo,
    "sipgate": _sipgate,
    "freeswitch": _basic,
    "fusionpbx": _basic,
    "pbx": _pbx,
}

# ---- samples: numbers that are kept for fiction

TWILIO = Post(
    "twilio",
    {
        "AccountSid": "AC00000000000000000000000000000001", "ApiVersion": "2010-04-01", "CallDuration": "61",
        "CallSid": "CA00000000000000000000000000000001", "CallStatus": "completed", "Called": "+447700900123",
        "Caller": "+442079460101", "CallbackSource": "call-progress-events", "Direction": "outbound-dial",
        "Duration": "2", "From": "+442079460101", "SequenceNumber": "3",
        "Timestamp": "Mon, 05 Oct 2026 10:01:01 +0000", "To": "+447700900123",
    },
    FORM,
)  # fmt: skip
SIGNALWIRE = replace(TWILIO, carrier="signalwire").changed(CallSid="0d8c0e61-5a10-4a0e-9a0e-000000000001")
PLIVO = Post(
    "plivo",
    {
        "CallUUID": "b9d51c24-0000-4000-8000-000000000001", "CallStatus": "completed", "Event": "Hangup",
        "From": "442079460101", "To": "447700900123", "Direction": "outbound", "Duration": "61", "BillDuration": "120",
        "StartTime": "2026-10-05 10:00:00", "AnswerTime": "2026-10-05 10:00:05", "EndTime": "2026-10-05 10:01:06",
        "HangupCause": "NORMAL_CLEARING",
    },
    FORM,
)  # fmt: skip
VONAGE = Post(
    "vonage",
    {
        "uuid": "aaaaaaaa-0000-4000-8000-000000000001", "conversation_uuid": "CON-1", "status": "completed",
        "direction": "outbound", "from": "442079460101", "to": "447700900123", "duration": "61", "rate": "0.00450000",
        "price": "0.00450000", "network": "GB-FIXED", "start_time": "2026-10-05T10:00:00.000Z",
        "end_time": "2026-10-05T10:01:01.000Z", "timestamp": "2026-10-05T10:01:01.000Z",
    },
)  # fmt: skip
BANDWIDTH = Post(
    "bandwidth",
    {
        "eventType": "disconnect", "eventTime": "2026-10-05T10:01:01.500Z", "accountId": "9900000",
        "applicationId": "app-1", "callId": "c-00000001", "direction": "outbound", "from": "+442079460101",
        "to": "+447700900123", "startTime": "2026-10-05T09:59:55.000Z", "answerTime": "2026-10-05T10:00:00.500Z",
        "endTime": "2026-10-05T10:01:01.500Z", "cause": "hangup",
    },
)  # fmt: skip
PBX = Post(
    "pbx",
    {
        "call_id": "p1", "from": "+442079460101", "to": "+447700900123", "start": "2026-10-05T10:00:00Z",
        "duration": 61, "direction": "out",
    },
)  # fmt: skip
FREESWITCH_CDR = {
    "core-uuid": "1c0d", "switchname": "pbx", "channel_data": {"state": "CS_REPORTING", "direction": "inbound"},
    "variables": {
        "uuid": "0f0e0d0c-0000-4000-8000-000000000001", "direction": "inbound", "caller_id_number": "%2B442079460101",
        "destination_number": "%2B447700900123", "start_epoch": "1791194400", "answer_epoch": "1791194405",
        "end_epoch": "1791194466", "billsec": "61", "billmsec": "60500", "hangup_cause": "NORMAL_CLEARING",
    },
}  # fmt: skip
FREESWITCH = Post("freeswitch", {"cdr": json.dumps(FREESWITCH_CDR)}, FORM)
FUSIONPBX = Post("fusionpbx", {"cdr": "<cdr core-uuid='1c0d'><variables><uuid>0f0e-1</uuid></variables></cdr>"}, FORM)


def telnyx(event: str, at: str, leg: str = "leg-1", **payload: Any) -> Post:
    """One event of a leg at a time of 5 October 2026."""
    told = {"call_leg_id": leg, "call_session_id": "s-1", "from": "+442079460101", "to": "+447700900123", **payload}
    data = {
        "record_type": "event", "event_type": f"call.{event}", "id": f"{leg}-{event}",
        "occurred_at": f"2026-10-05T{at}.521992Z", "payload": told,
    }  # fmt: skip
    return Post("telnyx", {"data": data, "meta": {"attempt": 1}})


TELNYX = telnyx("hangup", "10:01:01", start_time="2026-10-05T10:00:00.521992Z", hangup_cause="normal_clearing")


def sipgate(event: str, leg: str = "4711", **fields: str) -> Post:
    told = {"event": event, "callId": leg, "from": "442079460101", "to": "447700900123", "direction": "out", **fields}
    return Post("sipgate", told, FORM)


SIPGATE = sipgate("hangup", cause="normalClearing")
SAMPLES = {
    post.carrier: post
    for post in (TWILIO, SIGNALWIRE, TELNYX, VONAGE, BANDWIDTH, PLIVO, SIPGATE, FREESWITCH, FUSIONPBX, PBX)
}


# ---- where they go

NOW = datetime(2026, 11, 24, 1, 2, 3, 123456, tzinfo=UTC)


class Shelf:
    """The inbox."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put_if_absent(self, key: str, body: bytes) -> bool:
        return self.files.setdefault(key, body) is body


class KnownLegs:
    """What the table does, in memory."""

    def __init__(self) -> None:
        self.facts: dict[tuple[str, str], dict[str, set[str]]] = {}
        self.records: dict[tuple[str, str], str] = {}

    def add(self, carrier: str, leg: str, facts: Any, record: str, _keep_until: datetime) -> tuple[Any, str]:
        known = self.facts.setdefault((carrier, leg), {})
        for name, texts in facts.items():
            known.setdefault(name, set()).update(texts)
        if record:
            self.records.setdefault((carrier, leg), record)
        found = {name: frozenset(texts) for name, texts in known.items()}
        return found, self.records.get((carrier, leg), "")


class Collecting:
    """Webhooks go in, files come out; what waits is delivered by `later`."""

    def __init__(self) -> None:
        self.store, self.legs, self.delayed = Shelf(), KnownLegs(), list[tuple[str, int]]()

    def send(self, message: str, delay_seconds: int = 0) -> None:
        self.delayed.append((message, delay_seconds))

    def deliver(self, *messages: str) -> Collected:
        told, others = understand({str(n): message for n, message in enumerate(messages)})
        assert others == []
        store: Any = self.store
        return collect(told, store, self.legs, self, wait_seconds=120)

    def post(self, *posts: Post, at: datetime = NOW) -> Collected:
        return self.deliver(*(message(one, at) for one in posts))

    def later(self) -> None:
        """Whatever waits comes again, until nothing does."""
        while self.delayed:
            waiting, self.delayed = self.delayed, []
            self.deliver(*(text for text, _ in waiting))

    def lines(self, fullness: str = "") -> list[dict[str, Any]]:
        """Every line of the inbox, in the order of the files' names."""
        chosen = [self.store.files[key] for key in sorted(self.store.files) if f"webhook-{fullness}" in key]
        return [json.loads(line) for body in chosen for line in body.decode().splitlines()]

    def calls(self, identity: str = "leg-1") -> dict[str, Any]:
        """The line that counts of each leg: the first by name of file and line."""
        found: dict[str, Any] = {}
        for line in self.lines():
            leg = line["data"]["payload"]["call_leg_id"] if "data" in line else line["callId"]
            found.setdefault(leg, line)
        assert set(found) <= {identity}
        return found


def message(post: Post, at: datetime = NOW) -> str:
    return Received.of(CARRIERS[post.carrier], post.request(at)).message()
