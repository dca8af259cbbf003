"""S3Store against moto's S3, in one thread, and against answers that moto never gives."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.exceptions import IncompleteReadError
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber
from moto import mock_aws

from callmeter.aws import faults
from callmeter.aws.store import S3Store
from callmeter.errors import Missing, Unreachable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "callmeter-data"
SESSION = boto3.Session("test", "test", region_name="eu-west-1")  # one: it keeps what it read of S3's API


@pytest.fixture
def client() -> "Iterator[S3Client]":
    with mock_aws():
        s3 = SESSION.client("s3", config=Config(signature_version="s3v4", retries={"total_max_attempts": 2}))
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield s3


@pytest.fixture
def store(client: "S3Client") -> S3Store:
    return S3Store(client, BUCKET, threads=1)


def test_what_is_put_is_got_until_it_is_deleted(store: S3Store) -> None:
    store.put("bills/miller/2026-10.json", b"{}", "application/json")
    assert store.get("bills/miller/2026-10.json") == b"{}"
    store.delete("bills/miller/2026-10.json")
    store.delete("bills/miller/2026-10.json")
    with pytest.raises(Missing, match=r"s3://callmeter-data/bills/miller/2026-10\.json: it is not there"):
        store.get("bills/miller/2026-10.json")


def test_a_bucket_that_is_not_there_is_never_a_missing_object(client: "S3Client", tmp_path: Path) -> None:
    store = S3Store(client, "another-bucket", threads=1)
    with pytest.raises(Unreachable, match="check CALLMETER_BUCKET"):
        store.get("a")
    with pytest.raises(Unreachable):
        store.keys("a")
    with pytest.raises(Unreachable):
        store.download(["a"], tmp_path)
    with pytest.raises(Unreachable):
        store.put_if_absent("a", b"1")


def test_the_second_to_put_if_absent_does_not_write(store: S3Store) -> None:
    assert store.put_if_absent("bills/a.json", b"first")
    assert not store.put_if_absent("bills/a.json", b"second")
    assert not store.put_if_absent("bills/a.json", b"first")
    assert store.get("bills/a.json") == b"first"


def test_put_if_absent_gives_way_to_an_object_that_nobody_signed(store: S3Store) -> None:
    store.put("a", b"by hand")
    assert not store.put_if_absent("a", b"mine")
    assert store.get("a") == b"by hand"


def test_put_if_absent_knows_its_own_object_when_the_answer_was_lost(client: "S3Client", store: S3Store) -> None:
    sent: list[bool] = []

    def lose_the_first_answer(request: AWSPreparedRequest, **_: Any) -> None:
        """Do the work of the first PUT twice, as botocore does when its answer never came."""
        if not sent:
            sent.append(True)
            client.put_object(
                Bucket=BUCKET,
                Key="a",
                Body=b"mine",
                Metadata={"writer": _header(request, "x-amz-meta-writer")},
            )

    client.meta.events.register("before-send.s3.PutObject", lose_the_first_answer)
    assert store.put_if_absent("a", b"mine")
    assert not store.put_if_absent("a", b"mine")


def _header(request: AWSPreparedRequest, name: str) -> str:
    value = request.headers[name]
    return value.decode() if isinstance(value, bytes) else str(value)


def test_put_if_absent_tries_again_when_another_write_ran_at_the_same_moment(client: "S3Client") -> None:
    with Stubber(client) as answers:
        answers.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)
        answers.add_client_error("head_object", "404", http_status_code=404)
        asked = {"Bucket": BUCKET, "Key": "a", "Body": b"1", "IfNoneMatch": "*", "Metadata": ANY}
        answers.add_response("put_object", {}, asked)
        assert S3Store(client, BUCKET).put_if_absent("a", b"1")


def test_put_if_absent_gives_up_when_the_object_comes_and_goes(client: "S3Client") -> None:
    with Stubber(client) as answers:
        for _ in range(5):
            answers.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
            answers.add_client_error("head_object", "404", http_status_code=404)
        with pytest.raises(Unreachable, match="try again later"):
            S3Store(client, BUCKET).put_if_absent("a", b"1")


def test_replace_writes_only_over_what_is_expected(store: S3Store) -> None:
    store.put("files/a.json", b"first")
    assert store.replace("files/a.json", b"second", b"first")
    assert not store.replace("files/a.json", b"third", b"first")
    assert store.get("files/a.json") == b"second"
    with pytest.raises(Missing):
        store.replace("files/b.json", b"1", b"")


def test_replace_gives_way_to_a_write_between_its_reading_and_its_writing(client: "S3Client", store: S3Store) -> None:
    store.put("a", b"first")
    overtaken: list[bool] = []

    def overtake(**_: Any) -> None:
        if not overtaken:
            overtaken.append(True)
            client.put_object(Bucket=BUCKET, Key="a", Body=b"another's")

    client.meta.events.register("before-send.s3.PutObject", overtake)
    assert not store.replace("a", b"mine", b"first")
    assert store.get("a") == b"another's"


def test_replace_knows_its_own_object_when_the_answer_was_lost(client: "S3Client", store: S3Store) -> None:
    store.put("a", b"first")
    sent: list[bool] = []

    def lose_the_first_answer(**_: Any) -> None:
        if not sent:
            sent.append(True)
            client.put_object(Bucket=BUCKET, Key="a", Body=b"mine")

    client.meta.events.register("before-send.s3.PutObject", lose_the_first_answer)
    assert store.replace("a", b"mine", b"first")


def test_tags_differ_where_contents_do(store: S3Store) -> None:
    for key, body in {"calls/a": b"1", "calls/b": b"2", "calls/c": b"1"}.items():
        store.put(key, body)
    tags = store.tags("calls/")
    assert list(tags) == ["calls/a", "calls/b", "calls/c"]
    assert tags["calls/a"] == tags["calls/c"] != tags["calls/b"]


def test_keys_are_sorted_and_below_the_prefix_over_pages(client: "S3Client", store: S3Store) -> None:
    for key in ("calls/b", "calls/a", "calls/c", "rejects/a"):
        store.put(key, b"")
    assert store.keys("calls/") == ["calls/a", "calls/b", "calls/c"]
    assert store.keys("nothing/") == []
    with Stubber(client) as answers:
        first = {"Bucket": BUCKET, "Prefix": "calls/"}
        page = {"IsTruncated": True, "NextContinuationToken": "next", "Contents": [{"Key": "calls/a"}]}
        answers.add_response("list_objects_v2", page, first)
        page = {"IsTruncated": False, "Contents": [{"Key": "calls/b"}]}
        answers.add_response("list_objects_v2", page, {**first, "ContinuationToken": "next"})
        assert store.keys("calls/") == ["calls/a", "calls/b"]


def test_downloads_keep_their_order_and_leave_out_what_is_gone(store: S3Store, tmp_path: Path) -> None:
    store.put("calls/period=2026-10/shard=01/d1.parquet", b"one")
    store.put("calls/period=2026-10/shard=02/d1.parquet", b"two")
    keys = [
        "calls/period=2026-10/shard=02/d1.parquet",
        "calls/gone",
        "calls/period=2026-10/shard=01/d1.parquet",
    ]
    paths = store.download(keys, tmp_path / "new")
    assert [path.read_bytes() for path in paths] == [b"two", b"one"]
    assert {path.suffix for path in paths} == {".parquet"}
    assert sorted((tmp_path / "new").iterdir()) == sorted(paths)


def test_a_hostile_key_stays_in_the_folder(store: S3Store, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    keys = [
        "inbox/..",
        "inbox/.",
        "inbox/",
        "inbox/a\\..\\b;'.csv",
        "inbox/\N{GRINNING FACE}" + "x" * 300 + ".csv",
    ]
    for key in keys:
        store.put(key, b"x")
    paths = store.download(keys, folder)
    assert [path.parent for path in paths] == [folder] * len(keys)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_an_upload_is_the_file(store: S3Store, tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    path.write_bytes(b"0123456789" * 1_000_000)  # over a part's 8 MB
    store.upload(path, "inbox/big.csv")
    assert store.get("inbox/big.csv") == path.read_bytes()


def test_an_upload_that_fails_is_unreachable(client: "S3Client", tmp_path: Path) -> None:
    path = tmp_path / "small.csv"
    path.write_bytes(b"1")
    with pytest.raises(Unreachable, match=r"s3://another-bucket/inbox/small\.csv"):
        S3Store(client, "another-bucket").upload(path, "inbox/small.csv")


class _BreaksOff(io.BytesIO):
    """A body that ends before it should."""

    def read(self, size: int | None = -1, /) -> bytes:  # noqa: ARG002
        raise IncompleteReadError(actual_bytes=1, expected_bytes=3)


def test_a_body_that_breaks_off_is_read_again(client: "S3Client") -> None:
    with Stubber(client) as answers:
        answers.add_response("get_object", {"Body": StreamingBody(_BreaksOff(), 3)})
        answers.add_response("get_object", {"Body": StreamingBody(io.BytesIO(b"all"), 3)})
        assert S3Store(client, BUCKET).get("a") == b"all"


def test_a_link_downloads_under_the_name_given(store: S3Store) -> None:
    store.put("statements/miller/2026-10.pdf", b"%PDF")
    url = urlsplit(store.link("statements/miller/2026-10.pdf", 300, 'Müller "Söhne"\r\n2026-10.pdf'))
    asked = parse_qs(url.query)
    assert url.path.endswith("/statements/miller/2026-10.pdf")
    assert asked["X-Amz-Expires"] == ["300"]
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert asked["response-content-disposition"] == [
        'attachment; filename="Muller _Sohne___2026-10.pdf"; '
        "filename*=UTF-8''M%C3%BCller%20%22S%C3%B6hne%22%0D%0A2026-10.pdf"
    ]


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "AccessDenied", "ExpiredToken"])
def test_whatever_else_s3_answers_is_unreachable(client: "S3Client", code: str) -> None:
    with Stubber(client) as answers:
        answers.add_client_error("get_object", code, "what S3 said")
        with pytest.raises(Unreachable, match=rf"reading s3://{BUCKET}/a: .*\[{code}\]"):
            S3Store(client, BUCKET).get("a")


def test_no_connection_is_unreachable() -> None:
    s3 = SESSION.client(
        "s3",
        endpoint_url="http://127.0.0.1:9",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=1),
    )
    with pytest.raises(Unreachable, match="listing s3://callmeter-data/calls/"):
        S3Store(s3, BUCKET).keys("calls/")


def test_an_error_of_our_own_passes_through() -> None:
    with pytest.raises(ZeroDivisionError), faults.translated("dividing"):
        1 / 0  # noqa: B018
