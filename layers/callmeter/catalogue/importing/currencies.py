"""Currencies as decks name them: ISO 4217 codes in headers, cells and notes, and signs. Source: ISO 4217 list one."""

import re

_ALL = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ
GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR
LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN
PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
"""
CODES = frozenset(re.findall("[A-Z]{3}", _ALL))
_WORDS = frozenset({"ALL", "TOP", "TRY", "MOP"})  # codes that are words as well: never found in running text
# A sign's currency, or "" where several use it: such a sign is read, but says nothing.
SIGNS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₺": "TRY", "zł": "PLN", "US$": "USD", "R$": "BRL", "₪": "ILS",
    "$": "", "¥": "", "kr": "", "Fr.": "",
}  # fmt: skip


def named_in(text: str) -> set[str]:
    """The currencies that a header or a note names: capital letters that stand alone, or a sign that is one's own."""
    words = set(re.findall(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", text)) & CODES - _WORDS
    return words | {code for sign, code in SIGNS.items() if code and sign in text}


def without(text: str) -> str:
    """The text without the currencies it names."""
    for found in named_in(text):
        text = re.sub(rf"(?<![A-Za-z])(in\s+)?{found}(?![A-Za-z])", " ", text, flags=re.I)
    return re.sub("|".join(re.escape(sign) for sign in SIGNS if not sign.isalpha()), " ", text)
