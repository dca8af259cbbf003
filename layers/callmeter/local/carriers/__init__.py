"""Stand-ins of what is pulled from: small servers on 127.0.0.1 that keep to what an API documents, and refuse the rest.

They never guess what a caller meant: a wrong date format, a page too large, a missing parameter, a wrong login are
answered as documented. Failures (429, 503, answers cut off, connections closed) are asked for by tests.
"""

from callmeter.local.carriers.freepbx import FreepbxStandin
from callmeter.local.carriers.service import Standin
from callmeter.local.carriers.sipgate import SipgateStandin
from callmeter.local.carriers.telnyx import TelnyxStandin
from callmeter.local.carriers.twilio import TwilioStandin
from callmeter.local.carriers.vitelity import VitelityStandin
from callmeter.local.carriers.voipms import VoipMsStandin

__all__ = [
    "FreepbxStandin",
    "SipgateStandin",
    "Standin",
    "TelnyxStandin",
    "TwilioStandin",
    "VitelityStandin",
    "VoipMsStandin",
]
