"""A UCRM stand-in and someone who calls it, for tests."""

import ssl
from decimal import Decimal
from typing import Any

import httpx

from callmeter.local.ucrm import API, UcrmStandin
from callmeter.ucrm import exact_json

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # plain HTTP only: reading no certificates is faster
KEY, READ_KEY = "write-key", "read-key"
ITEM = {"label": "Calls to UK landlines", "price": Decimal("12.35")}


class Ucrm:
    """A stand-in and someone who calls it."""

    def __init__(self, standin: UcrmStandin, key: str = KEY) -> None:
        self.standin = standin
        self.http = httpx.Client(base_url=standin.url, headers={"X-Auth-App-Key": key}, trust_env=False, verify=NO_TLS)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        content = None if body is None else exact_json.dumps(body)
        params = {name.replace("_array", "[]"): value for name, value in query.items()}
        return self.http.request(method, API + path, content=content, params=params)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.call("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return exact_json.loads(answer.content)

    def post(self, path: str, body: Any) -> Any:
        answer = self.call("POST", path, body)
        assert answer.status_code == 201, answer.text
        return exact_json.loads(answer.content)

    def invoice(self, client_id: int = 1001, **fields: Any) -> Any:
        return self.post(f"/clients/{client_id}/invoices", {"items": [ITEM], **fields})

    def refusal(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        """The status, and the messages by field for a 422."""
        answer = self.call(method, path, body, **query)
        told = answer.json()
        assert told["code"] == answer.status_code
        return answer.status_code, told.get("errors", told["message"])

    def fault(self, match: str, kind: str, times: int = 1) -> None:
        body = {"match": match, "kind": kind, "times": times}
        assert self.http.post("/_standin/faults", json=body).status_code == 201

    def patch(self, path: str, body: Any = None) -> Any:
        answer = self.call("PATCH", path, body)
        assert answer.status_code == 200, answer.text
        return exact_json.loads(answer.content) if answer.content else None

    def delete(self, path: str) -> None:
        answer = self.call("DELETE", path)
        assert answer.status_code == 200, answer.text

    def attribute(self, name: str = "Callmeter bill", owner: str = "invoice") -> Any:
        return self.post("/custom-attributes", {"name": name, "attributeType": owner, "type": "string"})
