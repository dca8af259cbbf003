"""What can go wrong, as one tree.

CallmeterError            something could not be done; its text says what, where and what to do
├── UsageError            the command or request was wrong (exit 2)
├── BrokenCatalogue       rates/ has problems; carries every one of them (exit 2)
├── UnreadableFile        a CDR file that cannot be read at all (exit 1)
├── Missing               an object, account or bill that is not there
└── Unreachable           another system (UCRM, AWS) did not answer as it should

Bad rows are not errors: they are rejects (`REJECT_REASONS`), and bad reference data is a list of `Problem`s.
"""

from dataclasses import dataclass

REJECT_REASONS = {
    "malformed-row": "the line is not a row of this file: quotes, number of fields, or unreadable bytes",
    "bad-time": "the start is not a time, or not within reach (before 2000, or over a year ahead)",
    "bad-duration": "the duration is not a number of seconds or H:MM:SS, is negative, or over 31 days",
    "bad-number": "the other end is not a phone number",
    "unknown-account": "no account has this number, login or code at the call's start",
    "no-rate": "the plan's deck has no row in force for this destination",
}


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a reference file, where it is, and what to do about it."""

    file: str
    line: int
    column: int
    code: str
    text: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.text} [{self.code}]" + (f"\n    {self.hint}" if self.hint else "")


class CallmeterError(Exception):
    """Something could not be done."""


class UsageError(CallmeterError):
    """The command or request itself was wrong."""


class UnreadableFile(CallmeterError):
    """A CDR file that cannot be read at all."""


class Missing(CallmeterError):
    """What was asked for is not there."""


class Unreachable(CallmeterError):
    """Another system did not answer as it should; trying again may help."""


class BrokenCatalogue(CallmeterError):
    """The reference data has problems; none of it is used."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))
