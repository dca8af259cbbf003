"""The secrets that carriers sign webhooks with: one parameter a carrier, a secret a line.

PREFIX/twilio holds Twilio's auth token, and so on. While a secret is being replaced its parameter holds both. A prefix
that begins with /aws/reference/secretsmanager/ reads the same from Secrets Manager.
"""

import time
from collections.abc import Callable

from callmeter.errors import Missing

_ABSENT_SECONDS = 60  # how long a carrier without a parameter is not asked for again


class Keyring:
    """Secrets by carrier. read: gives a parameter's text, and keeps it for a while; raises Missing or Unreachable."""

    def __init__(self, prefix: str, read: Callable[[str], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._prefix = prefix.rstrip("/")
        self._read = read
        self._clock = clock
        self._absent_until: dict[str, float] = {}

    def of(self, carrier: str) -> list[str]:
        """A carrier's secrets. Raises Missing where it is not set up, Unreachable."""
        if not self._prefix or self._clock() < self._absent_until.get(carrier, 0):
            raise Missing(f"no secrets of {carrier}")
        try:
            secrets = [line.strip() for line in self._read(f"{self._prefix}/{carrier}").splitlines() if line.strip()]
            if not secrets:
                raise Missing(f"no secrets of {carrier}")
        except Missing:
            self._absent_until[carrier] = self._clock() + _ABSENT_SECONDS
            raise
        return secrets
