"""A stand-in for WHMCS' API on 127.0.0.1, as strict as its documentation; tests only."""

from callmeter.local.whmcs.service import WhmcsStandin

__all__ = ["WhmcsStandin"]
