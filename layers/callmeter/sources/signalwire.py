"""SignalWire's calls, which are Twilio's in names and shape, with UUIDs for ids and numbers for numbers.

Format: developer.signalwire.com, compatibility API: calls and voice status callbacks.
"""

from callmeter.sources.base import Source
from callmeter.sources.twilio import recognise_signalwire

SOURCE = Source(
    "signalwire",
    recognise_signalwire,
    "SignalWire's calls: CSV or JSON with Sid (a UUID), From, To and Status, or status callbacks as JSON lines",
)
