"""Structured logs and metrics, set up once for every function."""

import warnings

from aws_lambda_powertools import Logger, Metrics

# A run that had nothing to count is no fault, and its log needs no word of it.
warnings.filterwarnings("ignore", message="No application metrics to publish")

logger = Logger()
metrics = Metrics()
