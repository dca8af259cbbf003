"""Failures on request: the next so many calls that match fail in a chosen way."""

from dataclasses import dataclass
from typing import Any

from callmeter.local.ucrm.fields import Row

# What the caller gets instead of the answer, and whether the work is done all the same.
KINDS = {
    "timeout-before": "the connection is closed, and nothing was done",
    "timeout-after": "the work is done, then the connection is closed without an answer",
    "500": "500, and nothing was done",
    "500-after": "the work is done, then 500",
    "429": "429, and nothing was done",
    "422": "422 although nothing is wrong with the body, and nothing was done",
    "html": "502 and a page of some proxy, and nothing was done",
    "html-after": "the work is done, then 502 and a page of some proxy",
    "slow": "the work is done and answered, after the delay",
}


@dataclass
class Fault:
    """`match` is "METHOD /path", * standing for one path part or any method."""

    match: str
    kind: str
    times: int
    delay_seconds: float = 0
    skip: int = 0
    retry_after_seconds: int | None = None

    @property
    def works(self) -> bool:
        """Whether the call's work is done all the same."""
        return self.kind.endswith("-after") or self.kind == "slow"

    def fits(self, method: str, path: str) -> bool:
        wanted_method, _, pattern = self.match.partition(" ")
        wanted, parts = pattern.split("/"), path.split("/")
        same = len(wanted) == len(parts) and all(a in ("*", b) for a, b in zip(wanted, parts, strict=True))
        return same and wanted_method in ("*", method)


class Faults:
    """The failures still to come, oldest first."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, wanted: Any) -> Row:
        """Plan a failure: {"match", "kind", "times" (1), "delaySeconds" (0), "skip" (0), "retryAfterSeconds"}.

        It meets `times` calls that match, after `skip` that it lets through. The delay comes before the answer,
        or before a timeout closes the connection. 429 says when to come back, where told. Raises ValueError for
        anything else.
        """
        fields = {"match", "kind", "times", "delaySeconds", "skip", "retryAfterSeconds"}
        if not isinstance(wanted, dict) or not {"match", "kind"} <= set(wanted) <= fields:
            raise ValueError(f"a fault has match, kind and, where wanted, {', '.join(sorted(fields))}")
        if wanted["kind"] not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        fault = Fault(
            str(wanted["match"]),
            wanted["kind"],
            int(wanted.get("times", 1)),
            float(wanted.get("delaySeconds", 0)),
            int(wanted.get("skip", 0)),
            wanted.get("retryAfterSeconds"),
        )
        self.waiting.append(fault)
        return self.as_json()

    def take(self, method: str, path: str) -> Fault | None:
        """The failure this call meets, counted down."""
        for fault in self.waiting:
            if fault.fits(method, path):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                self.waiting = [other for other in self.waiting if other.times > 0]
                return fault
        return None

    def clear(self) -> Row:
        self.waiting = []
        return self.as_json()

    def as_json(self) -> Row:
        faults = [{"match": f.match, "kind": f.kind, "times": f.times} for f in self.waiting]
        return {"faults": faults}
