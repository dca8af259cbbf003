"""Who a webhook is from: what the carrier signed passes, and the same with one byte changed anywhere is refused."""

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from callmeter.webhooks.base import Refused, Request, Unparseable
from callmeter.webhooks.carriers import CARRIERS
from callmeter.webhooks.proofs import hmac_base64
from webhook_kit import (
    BASE,
    FORM,
    JSON,
    PBX_SECRET,
    SAMPLES,
    SIGNALWIRE,
    TELNYX,
    TWILIO,
    VONAGE,
    VONAGE_SECRET,
    Post,
    public_pem,
    secret_of,
    sipgate,
    telnyx_key,
)

pytestmark = pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # keys made wrong on purpose

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "data" / "webhooks" / "vectors.json"
NOW = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
EVERY = sorted(CARRIERS)
# What each scheme covers; basic authentication covers nothing but itself.
SIGNS_URL = ("twilio", "signalwire", "plivo")
SIGNS_BODY = (*SIGNS_URL, "telnyx", "vonage", "sipgate", "pbx")
SIGNS_TIME = ("telnyx", "vonage", "pbx")
PROOFS = {
    "twilio": ["x-twilio-signature"],
    "signalwire": ["x-signalwire-signature"],
    "telnyx": ["telnyx-signature-ed25519", "telnyx-timestamp"],
    "vonage": ["authorization"],
    "bandwidth": ["authorization"],
    "plivo": ["x-plivo-signature-v3", "x-plivo-signature-v3-nonce"],
    "sipgate": ["x-sipgate-signature"],
    "freeswitch": ["authorization"],
    "fusionpbx": ["authorization"],
    "pbx": ["webhook-id", "webhook-timestamp", "webhook-signature"],
}


def verified(request: Request, secrets: list[str], carrier: str, now: datetime = NOW) -> bool:
    try:
        CARRIERS[carrier].verify(request, secrets, now)
    except (Refused, Unparseable):
        return False
    return True


def lines(secret: str) -> list[str]:
    return secret.splitlines()


def with_another_byte(data: st.DataObject, text: bytes) -> bytes:
    """One byte of it replaced by another printable one."""
    at = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(33, 126).filter(lambda byte: byte != text[at]))
    return text[:at] + bytes([byte]) + text[at + 1 :]


@pytest.mark.parametrize("carrier", EVERY)
def test_what_the_carrier_signed_passes_with_any_of_its_secrets(carrier: str) -> None:
    request = SAMPLES[carrier].request(NOW)
    assert verified(request, lines(secret_of(carrier)), carrier)
    assert verified(request, ["another secret", *lines(secret_of(carrier))], carrier)
    assert not verified(request, ["another secret"], carrier)


@pytest.mark.parametrize("carrier", EVERY)
def test_a_webhook_without_its_proof_is_refused(carrier: str) -> None:
    request = SAMPLES[carrier].request(NOW)
    for name in PROOFS[carrier]:
        for headers in ({**request.headers, name: ""}, {n: v for n, v in request.headers.items() if n != name}):
            assert not verified(replace(request, headers=headers), lines(secret_of(carrier)), carrier)


@pytest.mark.parametrize("carrier", SIGNS_BODY)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_body_with_one_byte_changed_is_refused(carrier: str, data: st.DataObject) -> None:
    request = SAMPLES[carrier].request(NOW)
    body = with_another_byte(data, request.body)
    if carrier in SIGNS_URL:  # these sign what the form says, not how: %2b is %2B
        assume(parse_qsl(body.decode(), True) != parse_qsl(request.body.decode(), True))
    assert not verified(replace(request, body=body), lines(secret_of(carrier)), carrier)


@pytest.mark.parametrize("carrier", SIGNS_URL)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_url_with_one_byte_changed_is_refused(carrier: str, data: st.DataObject) -> None:
    request = SAMPLES[carrier].request(NOW)
    scheme, _, rest = request.url.partition("://")
    url = f"{scheme}://{with_another_byte(data, rest.encode()).decode()}"
    assert not verified(replace(request, url=url), lines(secret_of(carrier)), carrier)


@pytest.mark.parametrize(("carrier", "header"), [(carrier, name) for carrier in EVERY for name in PROOFS[carrier]])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_header_with_one_byte_changed_is_refused(carrier: str, header: str, data: st.DataObject) -> None:
    request = SAMPLES[carrier].request(NOW)
    value = request.headers[header]
    fixed, _, proof = value.rpartition(",") if "," in value else value.rpartition(" ")  # "Basic ", "AAAA,"
    changed = fixed + value[len(fixed) : len(value) - len(proof)] + with_another_byte(data, proof.encode()).decode()
    request = replace(request, headers={**request.headers, header: changed})
    assert not verified(request, lines(secret_of(carrier)), carrier)


@pytest.mark.parametrize("carrier", EVERY)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_key_with_one_byte_changed_is_refused(carrier: str, data: st.DataObject) -> None:
    secret = secret_of(carrier)
    start, end = (27, len(secret) - 27) if carrier == "sipgate" else (0, len(secret))
    changed = secret[:start] + with_another_byte(data, secret[start:end].encode()).decode() + secret[end:]
    if carrier == "pbx":  # its key is what the text encodes: the prefix, and spellings of one value, are no part of it
        assume(spelt(changed) != spelt(secret))
    if carrier == "sipgate":
        assume(spelt_pem(changed) != spelt_pem(secret))
    assert not verified(SAMPLES[carrier].request(NOW), lines(changed), carrier)


def spelt(secret: str) -> bytes:
    try:
        return b64decode(secret.removeprefix("whsec_") + "==")
    except ValueError:
        return b""


def spelt_pem(pem: str) -> str:
    return "".join(pem.split())


@pytest.mark.parametrize("carrier", SIGNS_TIME)
def test_a_time_five_minutes_off_is_refused(carrier: str) -> None:
    secrets, request = lines(secret_of(carrier)), SAMPLES[carrier].request(NOW)
    for seconds in (-300, 300):
        assert verified(request, secrets, carrier, NOW + timedelta(seconds=seconds))
    for seconds in (-301, 301, 86400):
        with pytest.raises(Refused) as refused:
            CARRIERS[carrier].verify(request, secrets, NOW + timedelta(seconds=seconds))
        assert refused.value.reason == "wrong-time"


@pytest.mark.parametrize("stamp", ["", "now", "1790000000.5", "+179000000", "\uff19" * 10, "1" * 30])
def test_a_time_that_is_none_is_refused(stamp: str) -> None:
    request = TELNYX.request(NOW)
    request = replace(request, headers={**request.headers, "telnyx-timestamp": stamp})
    assert not verified(request, lines(secret_of("telnyx")), "telnyx")


@pytest.mark.parametrize("url", [BASE + "twilio", BASE.replace("net/", "net:443/") + "twilio"])
def test_twilio_may_sign_the_url_with_its_port_or_without(url: str) -> None:
    signed = replace(TWILIO, url=url).request(NOW)
    assert verified(replace(signed, url=BASE + "twilio"), lines(secret_of("twilio")), "twilio")
    other = replace(TWILIO, url=BASE.replace("net/", "net:8443/") + "twilio").request(NOW)
    assert not verified(replace(other, url=BASE + "twilio"), lines(secret_of("twilio")), "twilio")


def test_a_json_body_is_signed_by_its_digest_in_twilios_url() -> None:
    body = json.dumps(TWILIO.fields).encode()
    url = f"{BASE}twilio?bodySHA256={sha256(body).hexdigest()}"
    signature = hmac_base64(secret_of("twilio"), url, "sha1")
    request = Request(url, {"content-type": JSON, "x-twilio-signature": signature}, body, NOW)
    secrets = lines(secret_of("twilio"))
    assert verified(request, secrets, "twilio")
    assert not verified(replace(request, body=body + b" "), secrets, "twilio")
    elsewhere = f"{BASE}twilio"
    signature = hmac_base64(secret_of("twilio"), elsewhere, "sha1")
    headers = {"content-type": JSON, "x-twilio-signature": signature}
    assert not verified(replace(request, url=elsewhere, headers=headers), secrets, "twilio")


def test_a_json_body_is_signed_with_signalwires_url() -> None:
    body = json.dumps(SIGNALWIRE.fields).encode()
    import hmac

    signature = hmac.digest(secret_of("signalwire").encode(), f"{BASE}signalwire".encode() + body, "sha1").hex()
    request = Request(f"{BASE}signalwire", {"content-type": JSON, "x-signalwire-signature": signature}, body, NOW)
    assert verified(request, lines(secret_of("signalwire")), "signalwire")
    assert not verified(replace(request, body=body + b" "), lines(secret_of("signalwire")), "signalwire")


def test_a_token_of_another_algorithm_or_body_is_refused() -> None:
    request = VONAGE.request(NOW)
    claims: dict[str, Any] = {"iat": int(NOW.timestamp()), "payload_hash": sha256(request.body).hexdigest()}
    for key, algorithm, said in (
        ("", "none", claims),
        (VONAGE_SECRET, "HS512", claims),
        (VONAGE_SECRET, "HS256", {**claims, "payload_hash": sha256(b"").hexdigest()}),
        (VONAGE_SECRET, "HS256", {"iat": claims["iat"]}),
        (VONAGE_SECRET, "HS256", {"payload_hash": claims["payload_hash"]}),
    ):
        headers = {**request.headers, "authorization": "Bearer " + jwt.encode(said, key, algorithm)}
        assert not verified(replace(request, headers=headers), [VONAGE_SECRET], "vonage")


def test_keys_of_another_kind_verify_nothing() -> None:
    for secret in ("", "no base64!", b64encode(b"short").decode(), public_pem(rsa.generate_private_key(65537, 2048))):
        assert not verified(TELNYX.request(NOW), lines(secret), "telnyx")
        assert not verified(sipgate("hangup").request(NOW), lines(secret), "sipgate")
    broken = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"
    assert not verified(sipgate("hangup").request(NOW), lines(broken), "sipgate")


def test_secrets_that_cannot_be_read_do_not_stand_in_the_way_of_those_that_can() -> None:
    request = SAMPLES["pbx"].request(NOW)
    assert verified(request, ["whsec_", "whsec_é", PBX_SECRET], "pbx")
    assert not verified(request, ["whsec_", "whsec_é"], "pbx")
    assert not verified(replace(request, headers={**request.headers, "webhook-signature": " "}), [PBX_SECRET], "pbx")


def test_a_telnyx_signature_is_over_time_and_body() -> None:
    assert telnyx_key().sign(b"1|{}") != telnyx_key().sign(b"{}")
    request = TELNYX.request(NOW)
    later = str(int(request.headers["telnyx-timestamp"]) + 1)
    headers = {**request.headers, "telnyx-timestamp": later}
    assert not verified(replace(request, headers=headers), lines(secret_of("telnyx")), "telnyx")


# ---- the providers' own vectors


@pytest.fixture
def vectors() -> dict[str, Any]:
    if not VECTORS.is_file():
        pytest.skip("the providers' vectors are not at hand")
    found: dict[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8"))
    return found


def test_twilios_own_examples_pass(vectors: dict[str, Any]) -> None:
    signed = [one for one in vectors["twilio"] if "signature" in one]
    assert signed
    for one in signed:
        headers = {"content-type": FORM, "x-twilio-signature": one["signature"]}
        request = Request(one["url"], headers, urlencode([tuple(pair) for pair in one["params"]]).encode(), NOW)
        assert verified(request, [one["token"]], "twilio")
        assert not verified(replace(request, body=request.body + b"0"), [one["token"]], "twilio")
    (hashed,) = [one for one in vectors["twilio"] if "bodySHA256" in one]
    assert sha256(hashed["body"].encode()).hexdigest() == hashed["bodySHA256"]


def test_plivos_own_example_is_computed_the_same(vectors: dict[str, Any]) -> None:
    """It is of version 2, which leaves out the fields and is not taken: the same key, hash and encoding."""
    for one in vectors["plivo_v2"]:
        assert hmac_base64(one["token"], one["url"] + one["nonce"], "sha256") == one["signature"]


def test_vonages_own_token_is_signed_as_ours_but_bound_to_no_body(vectors: dict[str, Any]) -> None:
    for one in vectors["vonage_jwt"]:
        headers = {"content-type": JSON, "authorization": f"Bearer {one['token']}"}
        request = Request(BASE + "vonage", headers, b"{}", NOW)
        signed_at = jwt.decode(one["token"], options={"verify_signature": False})["iat"]
        with pytest.raises(Refused) as refused:
            CARRIERS["vonage"].verify(request, [one["secret"]], datetime.fromtimestamp(signed_at, UTC))
        assert refused.value.reason == "wrong-signature"
        with pytest.raises(Refused) as refused:
            CARRIERS["vonage"].verify(request, [one["secret"]], NOW)
        assert refused.value.reason == "wrong-time"  # the signature itself is right: the time is looked at after it


def test_a_plivo_signature_with_a_query() -> None:
    """https://www.plivo.com/docs: base, `?`, sorted query, `.`, sorted fields, `.`, nonce."""
    url = BASE + "plivo?b=2&a=1"
    text = f"{BASE}plivo?a=1&b=2.CallUUIDx.n"
    headers = {
        "content-type": FORM,
        "x-plivo-signature-v3": hmac_base64("t", text, "sha256"),
        "x-plivo-signature-v3-nonce": "n",
    }
    assert verified(Request(url, headers, b"CallUUID=x", NOW), ["t"], "plivo")
    bare = {**headers, "x-plivo-signature-v3": hmac_base64("t", f"{BASE}plivo.n", "sha256")}
    assert verified(Request(BASE + "plivo", bare, b"", NOW), ["t"], "plivo")


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(EVERY),
    st.binary(max_size=60),
    st.dictionaries(
        st.sampled_from([name for names in PROOFS.values() for name in names]), st.text(max_size=60), max_size=4
    ),
)
def test_whatever_comes_is_refused_and_nothing_else_is_raised(
    carrier: str, body: bytes, headers: dict[str, str]
) -> None:
    for kind in (FORM, JSON):
        request = Request(Post(carrier, {}).address, {**headers, "content-type": kind}, body, NOW)
        assert not verified(request, lines(secret_of(carrier)), carrier)
