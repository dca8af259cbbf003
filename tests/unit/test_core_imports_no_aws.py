"""The core knows no AWS: it can be imported where boto3 is not installed."""

import subprocess
import sys

import pytest

PACKAGES = (
    "bills",
    "catalogue",
    "customers",
    "jobs",
    "portal",
    "pulls",
    "rating",
    "sources",
    "sql",
    "ucrm",
    "webhooks",
    "whmcs",
)
MODULES = ("dialplan", "errors", "layout", "model", "money", "periods", "ports")

PROGRAM = """
import importlib, importlib.abc, pkgutil, sys

class Refused(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"boto3", "botocore", "s3transfer", "aws_lambda_powertools", "chalice"}:
            raise AssertionError(f"{name} is imported")

sys.meta_path.insert(0, Refused())
module = importlib.import_module(f"callmeter.{sys.argv[1]}")
for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{module.__name__}."):
    importlib.import_module(found.name)
    print(found.name)
"""


@pytest.mark.parametrize("name", [*PACKAGES, *MODULES])
def test_the_core_is_imported_without_aws(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, name], capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stderr
