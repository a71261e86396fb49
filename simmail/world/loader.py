"""From a world's folder to a world that runs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from simmail.dns.resolver import Resolver
from simmail.files.file_errors import FileError
from simmail.files.machine import LOOPBACK, Machine
from simmail.mail.answers import Exit
from simmail.mail.calendar import Calendar
from simmail.mail.errors import Fatal, InputError, Location
from simmail.mail.questions import Decision, Level, Sleep
from simmail.world import folder as folders
from simmail.world import scenario as schema
from simmail.world.actors.figures import Figures
from simmail.world.actors.kinds import actor_for
from simmail.world.blame import blamed, told_with_place
from simmail.world.compiled import compile_anew
from simmail.world.logs import maillog
from simmail.world.mailboxes import MailboxServer
from simmail.world.master import STOCK_MASTER_CF, Master
from simmail.world.mua import MailProgram
from simmail.world.saved import form
from simmail.world.speed import Speed
from simmail.world.world import World
from simmail.world.yaml_file import meant

if TYPE_CHECKING:
    from simmail.world.faults import FaultSpec
    from simmail.world.host import Host
    from simmail.world.scenario import HostSpec, Letter, Person, Scenario

#: Files of a host by whose names nobody would call a folder.
OWN_FILES = ("etc/postfix/main.cf", "etc/postfix/master.cf", "etc/aliases")
#: When files were last changed that were there before the world began, seconds since its start.
LAID_S = -3600.0
#: /etc/hosts of a host that has none of its own.
HOSTS = "127.0.0.1 localhost\n"
#: How the notice begins that main.cf or master.cf keeps all of Postfix from running.
DOES_NOT_START = "Postfix does not start: "


def load(name: str | Path, seed: int = 1, policy: str = "", remember: bool = True) -> World:
    """Make a world from its folder and start its mail systems.

    Args:
        name: the folder, or the beginning of a lab's name (`05`).
        seed: from which all chance is drawn.
        policy: a folder below `policies/` whose files are laid over the hosts'; "" for none.
        remember: False switches the memory of decisions off.

    Raises:
        InputError: with file and line of what is wrong.
    """
    folder = folders.find(name)
    if not hasattr(seed, "__index__"):
        raise InputError(f"seed {seed!r}", "is no whole number", "write seed=2; a policy is given as policy='after'")
    if not isinstance(policy, str):
        raise InputError(f"policy {policy!r}", "is no name", "write it as a text: 'after'")
    return Loader(folder, schema.read(folder / folders.WORLD), int(seed), policy, remember).world


def lay(host: Host, path: str, text: str, source: Path) -> None:
    """Put a file on a host before its world begins; one in a user's home is the user's.

    Args:
        host: where.
        path: where there.
        text: what stands in it.
        source: the real file that it comes from.

    Raises:
        InputError: where every host has a folder of that name.
    """
    parts = path.split("/")
    owner = parts[2] if parts[1] == "home" and len(parts) > 3 and parts[2] in host.machine.accounts else "root"
    try:
        host.machine.files.write(path, text, owner=owner, modified=LAID_S)
    except FileError:
        raise InputError(str(source), "is a file", "a folder of that name is needed") from None


class Loader:
    """Builds one world; `world` is what came of it."""

    def __init__(self, folder: Path, scenario: Scenario, seed: int, policy: str, remember: bool) -> None:
        self.folder, self.scenario, self.remember = folder, scenario, remember
        self.world = World(Calendar(scenario.start), seed)
        self.world.scenario, self.world.folder, self.world.policy = scenario, folder, policy
        if (folder / "hosts").is_file():
            raise InputError(str(folder / "hosts"), "is a file", "a folder of that name is needed")
        self._zones()
        for site in scenario.sites:
            self.world.network.add_site(site)
        overlay = self._overlay(policy)
        self._strangers()
        for host_name, spec in scenario.hosts.items():
            self._host(host_name, spec, overlay)
        for host_name, spec in scenario.hosts.items():
            self._gateway(self.world.hosts[host_name], spec)
        self._actors()
        for link in scenario.links:
            self.world.network.link(*link.between, link.latency, link.bandwidth, link.loss)
        self._tell_of_islands()
        for name, spec in scenario.hosts.items():
            self._start(self.world.hosts[name], spec)
        for name, spec in scenario.hosts.items():
            self._begin(self.world.hosts[name], spec)
        for login, person in scenario.people.items():
            self._person(login, person)
        for number, fault in enumerate(scenario.faults):
            self._fault(fault, number)
        for actor in self.world.actors.values():
            actor.start()

    def _tell_of_islands(self) -> None:
        """A site that no link leads to is most likely a line forgotten."""
        sites, joined = self.scenario.sites, {end for link in self.scenario.links for end in link.between}
        where = schema.place(self.folder / folders.WORLD, ("sites",))
        for site in sites if len(sites) > 1 else ():
            if site not in joined:
                self.world.notices.append(f"{where}: no link leads to {site}, so nobody reaches whoever is there")

    def _actors(self) -> None:
        world = self.world
        try:
            world.figures = Figures(self.scenario.figures)
        except InputError as error:
            raise self._wrong(("figures", str(error.where).removeprefix("figures.")), error) from None
        for name, spec in self.scenario.actors.items():
            try:
                actor = world.actors[name] = actor_for(spec)(world, name, spec)
                actor.settle()
            except InputError as error:
                field = str(error.where).removeprefix(f"actors.{name}").lstrip(".")
                raise self._wrong(("actors", name, *field.split(".")), error) from None

    def _wrong(self, path: tuple[str | int, ...], error: InputError) -> InputError:
        """What is wrong with a field of `world.yaml`, with its line.

        Args:
            path: the steps that lead to the field.
            error: what is wrong, with the field's name.
        """
        place = schema.place(self.folder / folders.WORLD, path)
        return InputError(f"{place}: {error.where}", error.found, error.wanted)

    def _zones(self) -> None:
        for place in (self.folder / "zones").rglob("*.zone"):
            self._is_file(place)
        for name, text in folders.files_below(self.folder / "zones"):
            origin = Path(name).name.removesuffix(".zone")
            path = self.folder / "zones" / name
            if (wrong := form(text)) is not None:
                raise InputError(Location(str(path), 1), f"the file {wrong.what}", wrong.instead)
            self.world.zones.read(text, "." if origin in ("root", "world") else origin, str(path))

    @staticmethod
    def _is_file(place: Path) -> None:
        """A place where a file has to be, if anything is."""
        if place.is_dir():
            raise InputError(str(place), "is a folder", "a file of that name is needed")

    def _overlay(self, policy: str) -> Path | None:
        if not policy:
            return None
        overlay = self.folder / "policies" / policy
        if not overlay.is_dir():
            known = sorted(p.name for p in (self.folder / "policies").glob("*") if p.is_dir())
            there = f"there are: {', '.join(known) or 'none'}; without one a world is as its hosts/ have it"
            raise InputError(f"policy {policy!r}", "is not there", there)
        wanted = f"a policy's files lie in policies/{policy}/HOST, as on the host"
        names = sorted(path.name for path in overlay.iterdir() if not path.name.startswith("."))
        for name in names:
            if name not in self.scenario.hosts:
                found = f"{name!r} is no host of this world{meant(name, list(self.scenario.hosts))}"
                raise InputError(str(overlay), found, wanted)
        if not names:
            raise InputError(str(overlay), "holds nothing", wanted)
        return overlay

    def _strangers(self) -> None:
        """Folders of hosts that the world has not."""
        for path in sorted((self.folder / "hosts").glob("*")):
            if path.name not in self.scenario.hosts and not path.name.startswith("."):
                close = meant(path.name, list(self.scenario.hosts))
                self.world.notices.append(f"{path}: {folders.WORLD} has no such host, so nobody reads this{close}")

    def _host(self, name: str, spec: HostSpec, overlay: Path | None) -> None:
        addresses = (spec.address,) if isinstance(spec.address, str) else tuple(spec.address)
        machine = Machine(spec.hostname or name, (*addresses, *LOOPBACK), calendar=self.world.calendar)
        machine.free = spec.disk_free
        for user, gecos in spec.users.items():
            machine.add_user(user, gecos)
        machine.files.write("/etc/hosts", HOSTS, modified=LAID_S)
        resolver = Resolver(self.world.zones, spec.resolver_latency, spec.resolver_timeout, public=spec.resolver_public)
        try:
            host = self.world.add_host(name, machine, resolver)
        except ValueError as error:
            taken = InputError(f"hosts.{name}.address", str(error), "give each host addresses of its own")
            raise self._wrong(("hosts", name, "address"), taken) from None
        self.world.network.link(name, spec.site, spec.latency, spec.bandwidth)
        for source in (self.folder / "hosts" / name, *([overlay / name] if overlay else [])):
            for file in OWN_FILES:
                self._is_file(source / file)
            for path, text in folders.files_below(source, self.world.notices):
                lay(host, "/" + path, text, source / path)
                if path.startswith("etc/") and not path.endswith(".db") and (wrong := form(text)):
                    self.world.notices.append(told_with_place(host, str(wrong), Location(str(source / path), 1)))
        if machine.files.exists("/etc/postfix/main.cf"):
            if not machine.files.exists("/etc/postfix/master.cf"):
                machine.files.write("/etc/postfix/master.cf", STOCK_MASTER_CF, modified=LAID_S)
            host.master = Master(host, self.remember, Speed(**spec.speed.model_dump()))
            self.world.notices += compile_anew(host)

    def _gateway(self, host: Host, spec: HostSpec) -> None:
        """Who is behind whom."""
        hosts = self.world.hosts
        host.gateway = hosts[spec.behind] if spec.behind else None
        host.forwards = {port: hosts[inner] for port, inner in spec.forwards.items()}
        host.hides_clients = spec.hides_clients

    def _start(self, host: Host, spec: HostSpec) -> None:
        for number, command in enumerate(spec.setup):
            self._tell(host, command, host.sh(command), ("hosts", host.name, "setup", number))
        if host.master is not None:
            try:
                host.master.start()
            except Fatal as fatal:
                # what is fatal need not name a parameter, but then something before it does
                said = (fatal.text, *reversed(list(maillog(host))))
                where = next(filter(None, (blamed(host, line) for line in said)), None)
                self.world.notices.append(told_with_place(host, f"{DOES_NOT_START}fatal: {fatal.text}", where))
        if spec.mailboxes:
            MailboxServer.let(host, spec.mailboxes)

    def _begin(self, host: Host, spec: HostSpec) -> None:
        """What users start once everything is up."""
        for user, commands in spec.starts.items():
            for number, command in enumerate(commands):
                ended = partial(self._ended, host, command, ("hosts", host.name, "starts", user, number))
                self.world.clock.spawn(host, host.started(command, user), 0.0, ended)

    def _ended(self, host: Host, command: str, path: tuple[str | int, ...], done: Exit, now: float) -> None:
        self._tell(host, command, done, path)

    def _tell(self, host: Host, command: str, done: Exit, path: tuple[str | int, ...]) -> None:
        """A notice of a command that failed, or complained: of the line that it names, or of where it is written."""
        if done.status or done.stderr:
            text = f"{command}: {(done.stderr or done.stdout).strip()}"
            where = blamed(host, text) or schema.place(self.folder / folders.WORLD, path)
            self.world.notices.append(told_with_place(host, text, where))

    def _person(self, login: str, person: Person) -> None:
        world = self.world
        server = world.hosts[person.submits_to]
        mailbox = world.hosts[person.mailbox or person.submits_to]
        program = MailProgram(
            world, login, person.name, person.address, world.hosts[person.computer],
            (server.machine.addresses[0], person.port), (mailbox, person.login or person.address.partition("@")[0]),
        )  # fmt: skip
        world.people[login] = program
        for number, letter in enumerate(person.writes):
            try:
                when = world.moment(letter.at)
            except InputError as error:
                path = ("people", login, "writes", number, "at")
                raise self._wrong(path, InputError(".".join(map(str, path)), error.found, error.wanted)) from None
            world.clock.spawn(program.computer, self._write(program, letter, when), when)
        if person.fetches is not None:
            world.clock.spawn(program.computer, self._poll(program, person.fetches), person.fetches)

    @staticmethod
    def _write(program: MailProgram, letter: Letter, when: float) -> Decision[None]:
        yield Level()
        yield from program.submit(program.compose(letter.to, letter.subject, letter.text, now=when))

    @staticmethod
    def _poll(program: MailProgram, every: float) -> Decision[None]:
        while True:
            yield Level()
            yield from program.fetch()
            yield Sleep(every)

    def _fault(self, fault: FaultSpec, number: int) -> None:
        try:
            self.world.faults.plan(fault, number)
        except InputError as error:
            raise self._wrong(("faults", number), InputError(f"faults.{number}", str(error))) from None
