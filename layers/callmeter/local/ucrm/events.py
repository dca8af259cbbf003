"""Webhooks: what happened, told to the addresses in the option `_webhooks` once it is saved.

One POST each, ten seconds, redirects followed, whatever comes back; no signature. UCRM keeps an event so that its
receiver can ask GET /webhook-events/{uuid} whether it is true. Only events somebody listens to are kept.
"""

import queue
import threading
import uuid

import httpx

from callmeter.local.ucrm.books import Books, shown
from callmeter.local.ucrm.fields import Row, not_found
from callmeter.ucrm import exact_json

TIMEOUT_SECONDS = 10
_CHANGE_TYPES = {"add": "insert", "add_draft": "insert", "suspend_cancel": "unsuspend"}  # else the event's own word


def note(books: Books, name: str, row: Row, before: Row | None = None) -> None:
    """`name` such as invoice.add happened to `row` (as the API shows it); `before`: what an edit changed."""
    if not books.options["_webhooks"]:
        return
    entity, _, what = name.partition(".")
    told = {
        "uuid": str(uuid.uuid4()),
        "changeType": _CHANGE_TYPES.get(what, what or entity),
        "entity": entity,
        "entityId": row.get("id"),
        "eventName": name,
    }
    books.add("webhookEvents", told)
    data = {"entity": shown(row), "entityBeforeEdit": None if before is None else shown(before)}
    books.outbox.append({**told, "extraData": data})


def read(books: Books, number: str) -> Row:
    """uuid, changeType, entity, entityId. Raises RefusalError 404."""
    found = books.find("webhookEvents", "uuid", number)
    if not found:
        raise not_found()
    return {name: found[0][name] for name in ("uuid", "changeType", "entity", "entityId")}


class Postman:
    """Posts events in their order, on a thread of its own."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[list[str], Row]] = queue.Queue()
        self._thread: threading.Thread | None = None

    def send(self, addresses: list[str], events: list[Row]) -> None:
        for event in events:
            self._waiting.put((addresses, event))
        if events and self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Until everything so far has been posted, or has failed."""
        self._waiting.join()

    def _work(self) -> None:
        with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=True, trust_env=False) as http:
            while True:
                addresses, event = self._waiting.get()
                for address in addresses:
                    try:
                        content = exact_json.dumps(event).encode()
                        http.post(address, content=content, headers={"Content-Type": "application/json"})
                    except httpx.HTTPError:
                        continue  # one try
                self._waiting.task_done()
