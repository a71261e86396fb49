"""The host that is explained: its files, and who answers for the world around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from simmail.dns.resolver import Resolver
from simmail.dns.zones import Zones
from simmail.files.file_errors import FileError
from simmail.files.machine import Machine
from simmail.mail.calendar import Calendar
from simmail.mail.errors import Fatal, InputError
from simmail.postfix.config import MAIN_CF, Config
from simmail.postfix.maincf import parse
from simmail.postfix.tables.split import split_outside_braces
from simmail.world import loader
from simmail.world.blame import own_name
from simmail.world.folder import WORLD, files_below, is_file
from simmail.world.host import Host
from simmail.world.master import STOCK_MASTER_CF
from simmail.world.world import World

#: What a bare folder of files tells of no calendar.
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
_BASES = "a folder of a world's hosts/, or an /etc/postfix with a main.cf in it"


@dataclass(slots=True)
class Place:
    """Where an explanation takes place.

    Args:
        host: the host.
        names: what answers for names; None where nobody does, so that each look-up is an open question.
        asks: whether its world may be asked, time passing in it; False leaves policy servers open.
        folder: the user's folder with the host's files; None where the world knows it.
        bare: whether that is an /etc/postfix alone.
        notices: what the user should know of how it was made.
    """

    host: Host
    names: Zones | None
    asks: bool
    folder: Path | None
    bare: bool
    notices: list[str]

    @property
    def alone(self) -> bool:
        """Whether there are files alone, and no world around them."""
        return self.folder is not None and not self.asks

    def name(self, path: str) -> str:
        """A file of the host as the user knows it."""
        if self.folder is None:
            return own_name(self.host, path)
        inside = path.removeprefix("/etc/postfix/") if self.bare else path.lstrip("/")
        return str(self.folder / inside) if is_file(self.folder / inside) else path


def find(
    target: str | Path | Host, zones: tuple[str, ...] = (), world: str = "", at: str = "", policy: str = ""
) -> Place:
    """The host that a user means.

    Args:
        target: a host of a world that runs; or a world's `hosts/NAME`, or a bare /etc/postfix.
        zones: master files that answer for names.
        world: the world around it; that of the folder by default.
        at: the moment of the world, `2d`; its start by default.
        policy: a folder below the world's policies/, laid over its hosts.

    Raises:
        InputError: where that is no host.
    """
    names = _zones(zones) if zones else None
    if isinstance(target, Host):
        if target.master is None:
            raise InputError(f"host {target.name}", "runs no Postfix", "name a mail server")
        return Place(target, names or target.world.zones, False, None, False, [])
    if not isinstance(target, (str, Path)):
        raise InputError(repr(target), "is no host", 'name one, as in world.host("mail.domain.ork")')
    folder = Path(target)
    if not folder.is_dir():
        raise InputError(str(target), "is no folder", f"give {_BASES}")
    around = _around(folder)
    if not world and around is None:
        for option, value in (("--at", at), ("--policy", policy)):
            if value:
                raise InputError(option, "needs a world", "name it with --world")
        return _alone(folder, names)
    place = _within(folder, world or str(around), at, policy)
    place.names = names or place.names
    return place


def _zones(files: tuple[str, ...]) -> Zones:
    zones = Zones()
    for name in files:
        path = Path(name)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is no UTF-8 text"
            raise InputError(str(path), str(reason), "give a master file, as in zones/domain.ork.zone") from None
        origin = path.name.removesuffix(".zone")
        zones.read(text, "." if origin in ("root", "world") or path.suffix != ".zone" else origin, str(path))
    return zones


def _around(folder: Path) -> Path | None:
    """The world that a folder is a host of."""
    there = folder if folder.parent.name == "hosts" else folder.resolve()
    return there.parents[1] if there.parent.name == "hosts" and (there.parents[1] / WORLD).is_file() else None


def _within(folder: Path, name: str, at: str, policy: str) -> Place:
    """A host in its world, at a moment of it."""
    world = loader.load(name, policy=policy)
    host = world.hosts.get(folder.resolve().name)
    if host is None:
        raise InputError(
            str(folder), f"{name} has no host {folder.resolve().name!r}", f"there are: {', '.join(world.hosts)}"
        )
    if at:
        world.run(at)
    place = Place(host, world.zones, True, None, False, [n for n in world.notices if host.name in n])
    assert world.folder is not None
    if folder.resolve() != (world.folder / "hosts" / host.name).resolve():
        place.folder = folder
        _lay(host, folder, "", place.notices)
        _compile(host, place.notices)
    if host.master is None:
        raise InputError(str(folder), "has no etc/postfix/main.cf", f"give {_BASES}")
    return place


def _lay(host: Host, folder: Path, below: str, notices: list[str]) -> None:
    """Put a folder's files on a host; a link that leads out of it, as Debian's makedefs.out does, gets a notice."""
    for path, text in files_below(folder, notices):
        loader.lay(host, f"{below}/{path}", text, folder / path)


def _alone(folder: Path, names: Zones | None) -> Place:
    """A host of which there is nothing but its files."""
    bare = (folder / "main.cf").is_file()
    if not bare and not (folder / "etc/postfix/main.cf").is_file():
        raise InputError(str(folder), "has no main.cf", f"give {_BASES}")
    world = World(Calendar(START))
    machine = Machine("localhost", ("127.0.0.1",), calendar=world.calendar)
    host = world.add_host("host", machine, Resolver(names or world.zones))
    notices: list[str] = []
    _lay(host, folder, "/etc/postfix" if bare else "", notices)
    _fill(host, notices, names is None)
    _compile(host, notices, bare)
    return Place(host, names, False, folder, bare, notices)


def _fill(host: Host, notices: list[str], nameless: bool) -> None:
    """What every machine has: a name and addresses that its main.cf agrees with, accounts for its homes, some files.

    Args:
        nameless: whether there is no DNS: then /etc/hosts has its own name, where it listens at that.
    """
    machine, files = host.machine, host.machine.files
    usual = {"/etc/hosts": loader.HOSTS, "/etc/postfix/master.cf": STOCK_MASTER_CF}
    try:
        settings = Config(machine, parse(files.read(MAIN_CF), MAIN_CF, lambda level, text: None))
        machine.hostname = settings.text("myhostname")
        interfaces = settings.list("inet_interfaces")
        given = [word for word in interfaces if word[:1].isdigit()]
        machine.addresses = (*given, *(a for a in machine.addresses if a not in given))
        if nameless and machine.hostname in interfaces:
            usual["/etc/hosts"] += f"{machine.addresses[0]} {machine.hostname}\n"
    except Fatal:
        pass  # the server says so itself
    usual["/etc/mailname"] = f"{machine.hostname}\n"
    for path, text in usual.items():
        if not files.exists(path):
            files.write(path, text, modified=loader.LAID_S)
    for path in files.names("/home"):
        user = path.split("/")[2]
        if user not in machine.accounts:
            machine.add_user(user)
    homes = " and of its homes" if files.names("/home") else ""
    notices.append(f"its accounts are those of a fresh system{homes}; name others with --user")


def _compile(host: Host, notices: list[str], bare: bool = False) -> None:
    """Make the databases of all tables whose sources are there, as postmap and postalias do.

    Args:
        bare: whether the host is an /etc/postfix alone, so that files elsewhere were never given.
    """
    machine = host.machine
    try:
        settings = Config.load(machine)
        found = {
            word.removeprefix("proxy:"): "postalias" if name in ("alias_maps", "alias_database") else "postmap"
            for name in (*settings.settings, "alias_maps")
            for word in split_outside_braces(settings.text(name))
            if word.removeprefix("proxy:").partition(":")[0] in ("hash", "btree")
        }
    except Fatal:
        return
    for spec, command in found.items():
        source = spec.partition(":")[2]
        if bare and not source.startswith("/etc/postfix/") and not machine.files.exists(source):
            machine.files.write(source, "", modified=loader.LAID_S)
            notices.append(f"{source} is not in the folder, and taken for empty")
        if machine.files.exists(source):
            done = host.sh(f"{command} '{spec}'") if "'" not in spec else None
            if done is not None and (done.status or done.stderr):
                notices.append(f"{command} {spec}: {str(done).strip()}")
        elif machine.files.exists(f"{source}.db"):
            _drop(host, f"{source}.db")
            notices.append(f"{spec}: the source {source} is not there, and a real .db file cannot be read here")


def _drop(host: Host, path: str) -> None:
    try:
        host.machine.files.remove(path)
    except FileError:
        return
