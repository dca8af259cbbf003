"""botocore's errors -> ours: what is not there is `Missing`, all else is `Unreachable`.

A bucket or table that is not there is `Unreachable`, never `Missing`: no wrong name may pass for no calls.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from callmeter.errors import Missing, Unreachable

_NOT_THERE = {"NoSuchKey", "404", "NotFound", "ParameterNotFound"}
_HINTS = {
    "NoSuchBucket": "the bucket is not there: check CALLMETER_BUCKET and the region",
    "ResourceNotFoundException": "the table is not there: check CALLMETER_TABLE and the region",
    "AccessDenied": "the function's role does not allow it: check its policy in infra/",
    "AccessDeniedException": "the function's role does not allow it: check its policy in infra/",
}


def code_of(error: ClientError) -> str:
    """AWS's name for the error, such as "NoSuchKey"."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise `Missing` or `Unreachable` for what AWS answers while `what` is done, such as "reading s3://b/k"."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        if code in _NOT_THERE:
            raise Missing(f"{what}: it is not there") from error
        raise Unreachable(f"{what}: {_HINTS.get(code, error)} [{code}]") from error
    except (BotoCoreError, Boto3Error) as error:
        raise Unreachable(f"{what}: {error}") from error
