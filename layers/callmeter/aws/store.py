"""Objects in one S3 bucket: the port `Store`.

S3 is strongly consistent, for lists too, and a PUT is seen whole or not at all.
"""

from __future__ import annotations

import io
import shutil
import time
import unicodedata
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from callmeter.aws.clients import CONNECTIONS
from callmeter.aws.faults import code_of, translated
from callmeter.errors import Missing, Unreachable

if TYPE_CHECKING:  # stubs: there for type checkers only
    from mypy_boto3_s3 import S3Client

# What botocore does not try again: a body that broke off while it was read.
_BROKEN_OFF = (ConnectionClosedError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError)
_PUT_ATTEMPTS = 5
_WRITER = "writer"


class S3Store:
    """One bucket. Errors: `Missing` for a key that is not there, `Unreachable` for all else."""

    def __init__(self, client: S3Client, bucket: str, threads: int = CONNECTIONS) -> None:
        self._client = client
        self._bucket = bucket
        self._threads = threads

    def get(self, key: str) -> bytes:
        """The object's bytes. Raises `Missing`."""
        body = io.BytesIO()
        with translated(f"reading {self._place(key)}"):
            self._read(key, body)
        return body.getvalue()

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> None:
        with translated(f"writing {self._place(key)}"):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write unless the key is there already; True where this call wrote it.

        botocore sends a PUT again when its answer was lost, and S3 then refuses our own object:

            this call    PUT (writer 7f3a) ---------> stored          PUT again ---> 412, there already
                                       answer lost <---                               whose is it? HEAD

        So each call signs its object with a writer of its own and, refused, looks whose is there. Where every
        attempt is lost this raises `Unreachable`, and the object may have been written: whoever calls again
        gets False, and must go on from what is stored, never from what it meant to write.
        """
        writer = uuid.uuid4().hex
        with translated(f"writing {self._place(key)}"):
            for attempt in range(_PUT_ATTEMPTS):
                time.sleep(attempt * 0.05)
                if self._put_signed(key, body, writer):
                    return True
                there = self._writer_of(key)
                if there is not None:
                    return there == writer
        raise Unreachable(f"writing {self._place(key)}: others write and remove it all the time; try again later")

    def replace(self, key: str, body: bytes, expected: bytes) -> bool:
        """Write where the key holds `expected`; True where it holds `body` now. Raises `Missing`.

        A PUT that botocore sent again is refused for what it wrote itself: so what is there decides, whoever wrote it.
        """
        with translated(f"writing {self._place(key)}"):
            for attempt in range(_PUT_ATTEMPTS):
                time.sleep(attempt * 0.05)
                there, tag = self._tagged(key)
                if there != expected or there == body:
                    return there == body
                if self._put_over(key, body, tag):
                    return True
        raise Unreachable(f"writing {self._place(key)}: others write it all the time; try again later")

    def upload(self, path: Path, key: str) -> None:
        """Store a file, in parts where it is large."""
        with translated(f"writing {self._place(key)}"):
            self._client.upload_file(str(path), self._bucket, key, Config=TransferConfig(max_concurrency=4))

    def download(self, keys: Iterable[str], folder: Path) -> list[Path]:
        """Fetch every key into `folder`, in order. Keys removed meanwhile are left out.

        Files are named N-NAME, N being the key's place in `keys`: keys in different folders may end alike,
        and DuckDB would take folders such as period=2026-10 for columns.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(max_workers=self._threads) as pool:
            fetched = [pool.submit(self._fetch, key, folder / _file_name(n, key)) for n, key in enumerate(keys)]
        paths = [each.result() for each in fetched]
        return [path for path in paths if path is not None]

    def keys(self, prefix: str) -> list[str]:
        """All keys below `prefix`, sorted; strongly consistent."""
        return list(self.tags(prefix))

    def tags(self, prefix: str) -> dict[str, str]:
        """All keys below `prefix`, sorted, each with S3's ETag: another where its content is."""
        found: dict[str, str] = {}
        with translated(f"listing {self._place(prefix)}"):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                found |= {each["Key"]: each.get("ETag", "") for each in page.get("Contents", ())}
        return dict(sorted(found.items()))

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is removed already."""
        with translated(f"removing {self._place(key)}"):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def link(self, key: str, seconds: int, file_name: str) -> str:
        """A URL that downloads `key` as `file_name` for so many seconds, or until the role's own keys end."""
        with translated(f"signing a link to {self._place(key)}"):
            return self._client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": key,
                    "ResponseContentDisposition": _attachment(file_name),
                },
                ExpiresIn=seconds,
            )

    def _place(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"

    @retry(
        retry=retry_if_exception_type(_BROKEN_OFF),
        stop=stop_after_attempt(4),
        wait=wait_random_exponential(multiplier=0.1, max=2),
        reraise=True,
    )
    def _read(self, key: str, into: BinaryIO) -> None:
        into.seek(0)
        into.truncate()
        shutil.copyfileobj(self._client.get_object(Bucket=self._bucket, Key=key)["Body"], into, 1 << 20)

    def _fetch(self, key: str, path: Path) -> Path | None:
        """The key as a file; None, and no file, where the key is gone."""
        try:
            with translated(f"reading {self._place(key)}"), path.open("wb") as file:
                self._read(key, file)
        except Missing:
            path.unlink()
            return None
        return path

    def _put_signed(self, key: str, body: bytes, writer: str) -> bool:
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*", Metadata={_WRITER: writer}
            )
        except ClientError as error:
            # 412: the key is there. 409: another write or removal of it ran at the same moment.
            if code_of(error) not in {"PreconditionFailed", "412", "ConditionalRequestConflict"}:
                raise
            return False
        return True

    def _tagged(self, key: str) -> tuple[bytes, str]:
        """What the key holds, and its ETag."""
        answer = self._client.get_object(Bucket=self._bucket, Key=key)
        return answer["Body"].read(), answer["ETag"]

    def _put_over(self, key: str, body: bytes, tag: str) -> bool:
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, IfMatch=tag)
        except ClientError as error:
            # 412: it is another by now. 409: another write of it ran at the same moment.
            if code_of(error) not in {"PreconditionFailed", "412", "ConditionalRequestConflict"}:
                raise
            return False
        return True

    def _writer_of(self, key: str) -> str | None:
        """Who wrote the object ("" where it is not signed); None where there is no object."""
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if code_of(error) not in {"404", "NotFound", "NoSuchKey"}:
                raise
            return None
        return head["Metadata"].get(_WRITER, "")


def _file_name(number: int, key: str) -> str:
    """A file's name for `key`: its last part without what a file system would read as more than a name."""
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in key.rsplit("/", 1)[-1])
    return f"{number:05d}-{name[-100:]}"


def _attachment(file_name: str) -> str:
    """The header that makes a browser save the object. RFC 6266: an ASCII name, and the full one encoded."""
    plain = unicodedata.normalize("NFKD", file_name).encode("ascii", "ignore").decode()
    plain = "".join(c if c.isalnum() or c in "-_. " else "_" for c in plain)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"
