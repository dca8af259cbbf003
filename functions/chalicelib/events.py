"""S3's notifications, as they come through a queue."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from chalicelib.telemetry import logger


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


def told(records: list[dict[str, Any]]) -> tuple[dict[str, list[Happened]], list[str]]:
    """Of a batch: message id -> what it tells of; and the ids of messages that are no notifications at all."""
    understood: dict[str, list[Happened]] = {}
    others: list[str] = []
    for record in records:
        try:
            understood[record["messageId"]] = happened(record["body"])
        except (ValueError, LookupError, TypeError, AttributeError):
            others.append(record["messageId"])
    if others:
        logger.error("messages that are no notifications of S3", messages=others)
    return understood, others


def failures(messages: list[str]) -> dict[str, Any]:
    """The answer that sends these messages of a batch back, and no others."""
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(set(messages))]}
