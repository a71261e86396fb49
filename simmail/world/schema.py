"""What the parts of a `world.yaml` are made of: the base of each, and the kinds of values that units make."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from simmail.mail.hostnames import valid_hostname
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


def _host_name(name: str) -> str:
    if not valid_hostname(name):
        raise ValueError(f"{name!r} is no host's name; letters, digits, hyphens and dots would do")
    return name


#: The name of a host: what a folder of its files is called, and so no path.
HostName = Annotated[str, AfterValidator(_host_name)]


class Part(BaseModel):
    """A mapping of a `world.yaml`; a field that nobody reads is a mistake."""

    model_config = ConfigDict(extra="forbid")
