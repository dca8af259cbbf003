"""Structured logs and metrics, set up once for every function."""

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics()
