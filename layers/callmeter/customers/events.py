"""What UCRM's webhooks tell: that something about customers or invoices changed. What changed is then read anew.

Bodies are those the CRM's documentation and Ubiquiti's own plugins show: uuid, changeType, entity, entityId, eventName.
"""

from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from callmeter.model import Fact

# entity of an event -> what is to be looked at again
_KINDS: dict[str, Literal["customers", "invoices"]] = {
    "client": "customers",
    "service": "customers",
    "subscription": "customers",
    "invoice": "invoices",
    "payment": "invoices",
}


class Hint(Fact):
    """Look again at customers or invoices; `uuid` is the event that says so."""

    kind: Literal["customers", "invoices"]
    uuid: str


class Hints(Protocol):
    """Where hints go."""

    def send(self, hint: Hint) -> None: ...


class Event(BaseModel):
    """The body of a webhook; of all it has, only what is needed to look for ourselves."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)
    uuid: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{8,64}$")]
    change_type: Annotated[str, Field(max_length=100)]
    entity: Annotated[str, Field(max_length=100)] | None = None
    event_name: Annotated[str, Field(max_length=100)] | None = None

    @property
    def hint(self) -> Hint | None:
        """None where there is nothing to look at: a test, or an event of something else."""
        name = self.event_name or ""
        kind = _KINDS.get((self.entity or name.partition(".")[0]).lower())
        return None if "test" in (self.change_type, name) or kind is None else Hint(kind=kind, uuid=self.uuid)
