"""FreeSWITCH's and FusionPBX' posts of mod_json_cdr and mod_xml_cdr: a leg's whole record, once it has ended.

Formats and content types: src/mod/event_handlers/mod_json_cdr and src/mod/xml_int/mod_xml_cdr of signalwire/freeswitch.
encode=true posts a form `cdr=` with the document URL-encoded, base64 the same in base64, and others the bare document,
or `cdr=` and the bare document. Which it is shows in its first character: the content type is lost where
disable-100-continue is set. mod_xml_cdr takes no answer but 200 for success. XML is not always well-formed (names
with a colon, bare signs): it goes on as text, and its reader knows how.

Authenticity: HTTP basic (`cred` in the module's configuration); a secret is `user:password`. A post that is tried again
is the same leg by its uuid.
"""

from base64 import b64decode
from urllib.parse import unquote_to_bytes

from callmeter.webhooks.base import Carrier, Event, Request, Unparseable, json_object, leg_of
from callmeter.webhooks.proofs import basic

_MARK = b"cdr="


def events(request: Request) -> list[Event]:
    """The leg that this document is about; which legs are calls is the source's to know."""
    document = _document(request)
    if document.startswith("<"):
        if "<cdr" not in document:
            raise Unparseable("the body is XML, but no cdr")
        return [Event("", {"xml": document})]
    record = json_object(document)
    leg_of(record, "variables", "uuid")
    return [Event("", record)]


def _document(request: Request) -> str:
    """The CDR itself, out of whatever form it was posted in."""
    body = request.body.strip()
    if body.startswith(_MARK):
        body = body.removeprefix(_MARK)
        if body.startswith(b"%"):  # of < or {
            body = unquote_to_bytes(body)
        elif not body.startswith((b"<", b"{")):
            body = _decoded(body)
    return body.rstrip(b"\0").decode(errors="replace").strip()


def _decoded(text: bytes) -> bytes:
    """Base64 with line breaks in it."""
    try:
        return b64decode(text)
    except ValueError:
        raise Unparseable("the body is not base64") from None


FREESWITCH = Carrier("freeswitch", "freeswitch", basic, events)
FUSIONPBX = Carrier("fusionpbx", "fusionpbx", basic, events)
