"""The kinds of actors that `world.yaml` can name: a spec each, and who lives by it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from simmail.world.actors.actor import Actor, ActorSpec
from simmail.world.actors.blocklist import Blocklist, BlocklistSpec
from simmail.world.actors.bots import Bots, BotsSpec
from simmail.world.actors.forms import Form, FormSpec
from simmail.world.actors.mailing_list import MailingList, MailingListSpec
from simmail.world.actors.programs import ProgramSpec, SendingProgram
from simmail.world.actors.relays import Scanners, ScannersSpec, Spammers, SpammersSpec
from simmail.world.actors.sites import Sites, SitesSpec
from simmail.world.actors.staff import Staff, StaffSpec
from simmail.world.actors.virus import Virus, VirusSpec

_Kind = (
    BlocklistSpec | BotsSpec | FormSpec | MailingListSpec | ProgramSpec | ScannersSpec | SitesSpec | SpammersSpec
    | StaffSpec | VirusSpec
)  # fmt: skip
#: Any actor's spec; its `kind` says which.
AnySpec = Annotated[_Kind, Field(discriminator="kind")]

_KINDS: dict[type[ActorSpec], type[Actor[Any]]] = {
    BlocklistSpec: Blocklist,
    BotsSpec: Bots,
    FormSpec: Form,
    MailingListSpec: MailingList,
    ProgramSpec: SendingProgram,
    ScannersSpec: Scanners,
    SitesSpec: Sites,
    SpammersSpec: Spammers,
    StaffSpec: Staff,
    VirusSpec: Virus,
}


def actor_for(spec: ActorSpec) -> type[Actor[Any]]:
    """Who lives by a spec."""
    return _KINDS[type(spec)]
