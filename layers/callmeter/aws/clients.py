"""boto3 clients, set up once: where they retry, how long they wait, how links are signed.

Region, credentials and, on the local stack, the endpoint come from the environment, as boto3 reads it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:  # stubs: there for type checkers only
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

CONNECTIONS = 16


def config() -> Config:
    """Standard retries: throttling and lost answers are tried again, with growing random pauses."""
    return Config(
        retries={"mode": "standard", "total_max_attempts": 8},
        max_pool_connections=CONNECTIONS,
        connect_timeout=5,
        read_timeout=30,
    )


@lru_cache(maxsize=1)
def s3() -> S3Client:
    """S3, with links signed by version 4: the only one all regions know."""
    return boto3.client("s3", config=config().merge(Config(signature_version="s3v4")))


@lru_cache(maxsize=1)
def dynamodb() -> DynamoDBClient:
    """DynamoDB."""
    return boto3.client("dynamodb", config=config())


@lru_cache(maxsize=1)
def ssm() -> SSMClient:
    """Systems Manager, for its parameters."""
    return boto3.client("ssm", config=config())


@lru_cache(maxsize=1)
def sqs() -> SQSClient:
    """Queues."""
    return boto3.client("sqs", config=config())


@lru_cache(maxsize=1)
def sns() -> SNSClient:
    """Topics."""
    return boto3.client("sns", config=config())


@lru_cache(maxsize=1)
def functions() -> LambdaClient:
    """Lambda."""
    return boto3.client("lambda", config=config())
