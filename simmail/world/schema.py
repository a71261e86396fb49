"""What the parts of a `world.yaml` are made of: the base of each, and the kinds of values that units make."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from simmail.world.units import clock, octets, seconds


def _amount(what: str) -> dict[str, Any]:
    """What editors are told of a number that may have a unit."""
    return {"title": what, "type": ["number", "string"]}


#: A length of time: a number of seconds, or `20ms`, `1h30m`, `2d`.
Seconds = Annotated[float, BeforeValidator(seconds), WithJsonSchema(_amount("a length of time"))]
#: A size in octets, or a rate in octets a second: a number, or `2Mbit/s`, `10MB`.
Octets = Annotated[float, BeforeValidator(octets), WithJsonSchema(_amount("a size or rate"))]


def _moment(value: Any) -> Any:
    text = value if not isinstance(value, (int, float)) else f"{value}s"
    if isinstance(text, str):
        clock(text)
    return text


#: A moment: a length of time since the start (`90s`, `2h`) or a time of day (`10:30`, `1d 9:00`).
Moment = Annotated[str, BeforeValidator(_moment)]


class Part(BaseModel):
    """A mapping of a `world.yaml`; a field that nobody reads is a mistake."""

    model_config = ConfigDict(extra="forbid")
