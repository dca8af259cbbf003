"""Dial plans: how numbers are dialled in a country. Source: the metadata of libphonenumber (phonenumberslite).

The numbers of calls are normalised in SQL (`e164` in sql/macros.sql) with the four facts given here.
"""

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from phonenumbers import PhoneMetadata

from callmeter.errors import UsageError


@dataclass(frozen=True)
class DialPlan:
    """A country's dial plan.

    country_code: '44'. international: a regular expression for the prefix of international calls, '^(?:00)'.
    trunk: the prefix of national calls, '0', or '' where there is none. national_lengths: how many digits a
    national number has without it.
    """

    country_code: str
    international: str
    trunk: str
    national_lengths: list[int]

    def parameters(self) -> dict[str, Any]:
        """The plan as parameters of the SQL stages that normalise numbers."""
        return asdict(self)


@cache
def dial_plan(country: str) -> DialPlan:
    """The dial plan of `country` (ISO 3166, two letters). Raises UsageError where there is none.

    Besides the country's own international prefix, "00" is understood everywhere: no national number starts so.
    """
    metadata = PhoneMetadata.metadata_for_region(country.upper(), None)
    if metadata is None or metadata.general_desc is None:
        raise UsageError(f'country "{country}" is not known; write two letters such as GB, US or DE')
    return DialPlan(
        country_code=str(metadata.country_code),
        international=f"^(?:{metadata.international_prefix or '00'}|00)",
        trunk=metadata.national_prefix or "",
        national_lengths=list(metadata.general_desc.possible_length),
    )
