"""Phone numbers and SIP logins, as people write them into a field of a CRM -> lists."""

import re

_BETWEEN = re.compile(r"[,;/\n\r|]+|\s+(?=\+)")
_DRESSING = re.compile(r"[\s().\-\u00a0\u2010-\u2015]")
_SHORTEST = 6  # digits: what stands apart by blanks and has fewer is a part of a number


def numbers_of(text: str) -> tuple[str, ...]:
    """Numbers without dressing, in order, each once: "+44 20 7946 0101, 02079460102" are two.

    Between numbers stands a comma, semicolon, slash, line end or a blank before a plus. Blanks alone do where each
    part is long enough to be a number. What is no number stays as it is, for the catalogue's check to refuse.
    """
    found: dict[str, None] = {}
    for part in _BETWEEN.split(text):
        words = part.split()
        apart = len(words) > 1 and all(len(re.findall(r"\d", word)) >= _SHORTEST for word in words)
        found |= dict.fromkeys(_DRESSING.sub("", one) for one in (words if apart else [part]))
    return tuple(number for number in found if number)


def logins_of(text: str) -> tuple[str, ...]:
    """Logins, in order, each once; between them stand blanks, commas or semicolons."""
    return tuple(dict.fromkeys(login for login in re.split(r"[\s,;]+", text) if login))
