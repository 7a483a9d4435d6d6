"""What every shape is made of, and the one that all of them share: who somebody is."""

from pydantic import BaseModel, ConfigDict

from shared.conversation import model


class Shape(BaseModel):
    model_config = ConfigDict(
        frozen=True, serialize_by_alias=True, validate_by_name=True, json_schema_serialization_defaults_required=True
    )


class Party(Shape):
    kind: model.PartyKind
    id: str | None
    name: str | None

    @classmethod
    def of(cls, party: model.Party) -> "Party":
        return cls(kind=party.kind, id=party.id, name=party.name)
