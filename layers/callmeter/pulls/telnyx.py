"""Telnyx' detail records -> one record a line: the times and seconds that its hangup event does not have.

GET /v2/detail_records with a bearer key, filter[record_type] (one at a time), page[number], page[size]; meta tells how
many there are. Today and yesterday are asked for by filter[date_range], whose days are UTC's; days before by
filter[created_at][gte] and [lt]. Records without a finished_at are of calls under way and left out. Source:
developers.telnyx.com/api-reference/detail-records; that a page has 50 at most was seen in use.

The secret: the API key.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from callmeter.errors import Unreachable
from callmeter.pulls.port import Credentials, Patience, Record, Window, days
from callmeter.pulls.records import count, document, member, objects, record
from callmeter.pulls.settings import Source, Span, Url, WebPull
from callmeter.pulls.web import Web

_PAGE = 50
RecordType = Literal["sip-trunking", "call-control", "webrtc"]


class TelnyxPull(WebPull):
    """record_types: which products' calls. A leg that two of them tell of is one call, by its leg id."""

    kind: Literal["telnyx"]
    source: Source = "telnyx"
    url: Url = "https://api.telnyx.com/v2"
    record_types: Annotated[tuple[RecordType, ...], Field(min_length=1)] = ("sip-trunking", "call-control")
    look_back: Span = timedelta(days=3)


class DetailRecords:
    """The detail records of one account."""

    suffix = ".jsonl"
    header = b""

    def __init__(
        self,
        pull: TelnyxPull,
        login: Credentials,
        patience: Patience,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._types = pull.record_types
        self._now = now
        self._web = Web(
            pull, patience, headers={"Authorization": f"Bearer {login.password}"}, spacing_seconds=0.5
        )  # fmt: skip

    def windows(self, since: datetime, until: datetime) -> Iterable[Window]:
        return days(since, until, "UTC")

    def fetch(self, window: Window) -> Iterator[Record]:
        for record_type in self._types:
            yield from self._records({"filter[record_type]": record_type, **self._filter(window)})

    def _filter(self, window: Window) -> dict[str, str]:
        today = self._now().astimezone(UTC).date()
        day = window.starts_at.date()
        if today - day <= timedelta(days=1):
            return {"filter[date_range]": "today" if day >= today else "yesterday"}
        return {"filter[created_at][gte]": window.label, "filter[created_at][lt]": f"{window.ends_at:%Y-%m-%d}"}

    def _records(self, asked: dict[str, str]) -> Iterator[Record]:
        """Page by page. New calls push old ones to the next page: one that was seen is not told again."""
        seen: set[bytes] = set()
        number, pages, promised = 1, 1, None
        while number <= pages:
            page = document(
                self._web.get("/detail_records", {**asked, "page[number]": str(number), "page[size]": str(_PAGE)}),
                "telnyx",
            )
            meta = page.get("meta")
            pages = count(member(meta, "total_pages"), "telnyx")
            promised = count(member(meta, "total_results"), "telnyx") if promised is None else promised
            for one in objects(page.get("data"), "telnyx"):
                told = record(one, one.get("started_at") or one.get("created_at"))
                if told.line not in seen and one.get("finished_at", "") is not None:
                    yield told
                seen.add(told.line)
            number += 1
        if len(seen) < (promised or 0):
            raise Unreachable(f"telnyx told of {promised} records and sent {len(seen)}: asked again next time.")
