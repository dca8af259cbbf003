"""A stand-in for UCRM (UISP CRM): the part of its documented API that billing needs, strict, on this machine.

It accepts what UCRM accepts and refuses what UCRM refuses, keeps its state in a file, and fails on request.
Source: the API blueprint of UISP CRM (unmscrm.docs.apiary.io), copy of 2025-07-27; where that is silent, the
stand-in takes the stricter reading. Run it: `python -m callmeter.local.ucrm --state FILE --key KEY`.
"""

from callmeter.local.ucrm.service import API, UcrmStandin

__all__ = ["API", "UcrmStandin"]
