"""Every carrier that posts to /v1/webhooks/NAME, and what its posts are good for.

    carrier      what a call is made of                             what it leaves to the pull
    twilio       the final status alone; start = its time - duration   exact start, price
    signalwire   the same                                           exact start, price
    telnyx       hangup paired with initiated and answered          seconds where no answer was told of; price
    vonage       `completed` or another final status alone          nothing
    bandwidth    `disconnect` alone                                 nothing
    plivo        the hangup callback alone                          start, where the account sends no times
    sipgate      hangup paired with newCall and answer, as they came   exact times: bill from history
    freeswitch   the posted CDR alone                               nothing
    fusionpbx    the posted CDR alone                               nothing
    pbx          the posted call alone                              nothing

Legs that never were answered are calls too: missed ones. All other events are answered well and left alone; those that
began or answered a leg of a paired carrier are kept with it.
"""

from callmeter.webhooks.bandwidth import BANDWIDTH
from callmeter.webhooks.base import Carrier
from callmeter.webhooks.freeswitch import FREESWITCH, FUSIONPBX
from callmeter.webhooks.pbx import PBX
from callmeter.webhooks.plivo import PLIVO
from callmeter.webhooks.sipgate import SIPGATE
from callmeter.webhooks.telnyx import TELNYX
from callmeter.webhooks.twilio import SIGNALWIRE, TWILIO
from callmeter.webhooks.vonage import VONAGE

CARRIERS: dict[str, Carrier] = {
    carrier.name: carrier
    for carrier in (TWILIO, SIGNALWIRE, TELNYX, VONAGE, BANDWIDTH, PLIVO, SIPGATE, FREESWITCH, FUSIONPBX, PBX)
}
