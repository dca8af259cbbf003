"""S3's notifications, as they come through a queue."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus


@dataclass(frozen=True)
class Happened:
    """An object was created, or removed."""

    key: str
    created: bool


def happened(body: str) -> list[Happened]:
    """What a message tells of. S3's test message, sent when notifications are set up, tells of nothing."""
    message: dict[str, Any] = json.loads(body)
    return [
        Happened(unquote_plus(record["s3"]["object"]["key"]), record["eventName"].startswith("ObjectCreated"))
        for record in message.get("Records", [])
    ]
