"""Plays one case in a world; the record is what the recorder writes of the real Postfix."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simmail.conformance.case import Case
from simmail.conformance.normal import Normal, listing, maildirs
from simmail.conformance.peers import Peer
from simmail.conformance.typed import Typist
from simmail.conformance.zones import CaseZones
from simmail.dns.resolver import Resolver
from simmail.files.machine import LOOPBACK, Machine
from simmail.mail.calendar import Calendar
from simmail.mail.errors import Fatal, InputError
from simmail.mail.records import Record, in_order
from simmail.postfix.config import Config
from simmail.postfix.log_form import shown
from simmail.postfix.showq import entries
from simmail.postfix.startup import check
from simmail.postfix.tables.database import dump
from simmail.postfix.tables.entries import Entry
from simmail.world.loader import HOSTS, LAID_S
from simmail.world.master import Master
from simmail.world.speed import Speed
from simmail.world.world import World

#: The log must be quiet this long before a step counts as over, and how long to wait for that (s).
SETTLE_S, SETTLE_LIMIT_S, TICK_S = 0.6, 40.0, 0.05
#: The recorder has a new file system in memory for each case, so queue ids, and with them messages, are short.
FIRST_INODE = 0x43
#: What Debian's package writes and compiles when Postfix is installed, the day before.
ALIASES = "# See man 5 aliases for format\npostmaster:    root\n"
COMPILED = {"@": "@", "YP_LAST_MODIFIED": "1767513600", "YP_MASTER_NAME": "localhost", "postmaster": "root"}
INSTALLED = -86400.0
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
RESOLVER_TIMEOUT_S = 1.0
NETWORK_LATENCY_S = 0.00005
#: The recorder has one message at a time and a queue in memory: its processors are never what is waited for.  But
#: neither local(8) nor bounce(8) runs when a case begins, and when the first message is forwarded, or the first
#: notification written, a client has begun its next message.  A process is started in the time that a peer takes for a
#: session, so that of two that are needed at once the first is done first, wherever it has to go.
SPEED = Speed(
    queue_file=0.0015, mailbox=0.0005, receiving=0.0, delivering=0.0, starting=0.012, forking=0.002, queueing=0.0001
)


class Player:
    """A world made from a case, and its steps played in it.

    Args:
        case: the case.
        remember: False switches memos off.
    """

    def __init__(self, case: Case, remember: bool = True) -> None:
        self.case = case
        self.world = World(Calendar(START), unrouted="Network is unreachable", zones=CaseZones())
        self.world.zones.read("ns. IN A 127.0.0.1\n" + case.keys.get("zone", ""), ".", f"{case.name}: zone")
        for name, fault in case.keys.get("dns_faults", {}).items():
            self.world.zones.faults[name.rstrip(".").lower()] = fault
        self.seen = 0
        self.host = self._host_under_test()
        self.master = self.host.master = Master(self.host, remember, SPEED)
        self.master.intake.inode = FIRST_INODE
        self.normal = Normal(case.keys.get("timed", False), self.world.calendar, self.master.letters)
        self.peers = self._others()
        self.startup = ""
        for command in case.keys.get("setup", []):
            self.host.sh(command)
        self.seen = len(self.world.journal)  # the recorder empties the log before it starts Postfix
        if case.daemon:
            self._start()

    # ---- the world

    def _host_under_test(self) -> Any:
        case, keys = self.case, self.case.keys
        machine = Machine(case.host.split(".")[0], (case.address, *LOOPBACK), calendar=self.world.calendar)
        files = machine.files
        for user in keys.get("users", []):
            machine.add_user(user)
            for name, text in (keys.get("homes", {}).get(user) or {}).items():
                files.write(f"/home/{user}/{name}", text, owner=user, modified=LAID_S)
        files.write("/etc/aliases", ALIASES, modified=INSTALLED)
        compiled = {key: Entry(key, value, 0) for key, value in COMPILED.items()}
        files.write("/etc/aliases.db", dump("hash", compiled), modified=INSTALLED)
        files.write("/etc/hosts", HOSTS + keys.get("etc_hosts", ""), modified=LAID_S)
        files.write("/etc/mailname", keys.get("mailname", case.host) + "\n", modified=LAID_S)
        files.write("/etc/postfix/main.cf", case.main_cf(), modified=LAID_S)
        files.write("/etc/postfix/master.cf", case.master_cf(), modified=LAID_S)
        for name, text in keys.get("files", {}).items():
            files.write(name if name.startswith("/") else f"/etc/postfix/{name}", text, modified=LAID_S)
        resolver = Resolver(self.world.zones, latency=0.0002, timeout=RESOLVER_TIMEOUT_S, caching=False)
        host = self.world.add_host(case.host, machine, resolver)
        if not case.daemon:
            machine.addresses = (*machine.addresses, *sorted(case.others()))
        return host

    def _others(self) -> dict[str, Peer]:
        names = self.world.zones.names_of_addresses()
        peers = {}
        for address in sorted(self.case.others()):
            other = self.world.add_host(f"[{address}]", Machine(address, (address, *LOOPBACK)))
            self.world.network.link(other.name, self.host.name, NETWORK_LATENCY_S)
            if address in self.case.keys.get("peers", {}):
                script = self.case.keys["peers"][address]
                peers[address] = Peer(other, names.get(address, address), script)
        return peers

    def _start(self) -> None:
        try:
            self.master.start()
        except Fatal:  # what master(8) says itself no terminal shows
            self.startup = "".join(f"{said}\n" for said in check(self.host.machine).said)
        self._pass(TICK_S)

    # ---- steps

    def play(self) -> dict[str, Any]:
        """Play all steps; the record."""
        steps = [self._step(step) for step in self.case.steps]
        record: dict[str, Any] = {}
        if self.startup:
            record["startup"] = self.normal(self.startup)
        record["steps"] = []
        for entry, news in steps:
            entry = self.normal(entry)
            if "stdout" in entry:
                entry["stdout"] = listing(entry["stdout"])
            if self.case.daemon:
                entry["log"] = self.normal.log(news)
            record["steps"].append(entry)
        if self.case.daemon:
            record["mailboxes"] = self.normal(maildirs(self._mailboxes()))
            record["peers"] = self.normal({address: peer.received for address, peer in self.peers.items()})
            record["queue"] = self._queue()
        return record

    def _step(self, step: dict[str, Any]) -> tuple[dict[str, Any], list[Record]]:
        entry: dict[str, Any] = {}
        if "client" in step:
            typist = Typist(step, self.case.address)
            self._until_done(self.world.host_at(step["client"], self.host) or self.host, typist.session())
            entry["transcript"] = typist.transcript
        elif "run" in step:
            done = self.host.sh(
                self.normal.real_ids(step["run"]), self.normal.real_ids(step.get("stdin", "")), terminal=False
            )
            entry.update(stdout=done.stdout, stderr=done.stderr, exit=done.status)
        elif "peer" in step:
            for address, script in step["peer"].items():
                self.peers[address].set(script)
        elif "wait" in step:
            self._pass(float(step["wait"]))
        if self.case.daemon:
            settle = step.get("settle", True)
            if settle:
                self._settle(SETTLE_LIMIT_S if settle is True else float(settle))
        return entry, self._news()

    def _until_done(self, host: Any, decision: Any) -> None:
        self.world.complete(host, decision)

    def _pass(self, seconds: float) -> None:
        self.world.run(self.world.now + seconds)

    def _settle(self, limit: float) -> None:
        """Wait until the log is quiet and no message is on its way."""
        world, spool, begun = self.world, self.master.spool, self.master.intake.begun
        end, quiet, size = world.now + limit, world.now, -1
        while world.now < end:
            rows = len(world.journal)
            if rows != size or spool.incoming or spool.active or spool.maildrop or begun:
                quiet, size = world.now, rows
            elif world.now - quiet > SETTLE_S:
                return
            self._pass(TICK_S)

    def _news(self) -> list[Record]:
        """The records since the last step, in order of time."""
        journal = self.world.journal
        news = in_order(journal.since(self.seen))
        self.seen = len(journal)
        self.normal.learn(news)
        return news

    # ---- what is left at the end

    def _mailboxes(self) -> dict[str, str]:
        """The mailboxes, read as the recorder does: every kind of line end is one line feed."""
        files = self.host.machine.files
        found = {path.removeprefix("/var/mail/"): files.read(path) for path in files.names("/var/mail")}
        given = {
            f"/home/{user}/{name}" for user, homes in self.case.keys.get("homes", {}).items() for name in homes or ()
        }
        for path in files.names("/home"):
            if path not in given:
                found["~" + path.removeprefix("/home/")] = files.read(path)
        return {name: text.replace("\r\n", "\n").replace("\r", "\n") for name, text in found.items()}

    def _queue(self) -> list[dict[str, Any]]:
        try:
            config = Config.load(self.host.machine, program="postqueue")
            service = self.master.system.service("showq") if self.master.system is not None else None
            listed = tuple(entries(self.master.spool, self.host.machine, config, service))
        except Fatal:  # nothing can be listed
            return []
        out = []
        for entry in listed:
            recipients = [
                {"address": shown(one.address), **({"delay_reason": one.reason} if one.reason else {})}
                for one in entry.recipients
            ]
            recipients.sort(key=lambda r: r["address"])
            out.append(
                self.normal(
                    {
                        "queue": entry.queue,
                        "id": entry.message.queue_id,
                        "sender": shown(entry.sender),
                        "recipients": recipients,
                    }
                )
            )
        return sorted(out, key=lambda q: (q["queue"], q["sender"], str(q["recipients"])))


def play(path: Path, remember: bool = True) -> dict[str, Any]:
    """Play a case's file; a case that cannot be played says so in its record, under `unplayed`."""
    try:
        return Player(Case.read(path), remember).play()
    except InputError as error:
        return {"unplayed": str(error), "steps": []}
    except Exception as error:  # one case must not end the run of the others
        return {"unplayed": f"{type(error).__name__}: {error}", "steps": []}


def conform(cases: Path, out: Path, remember: bool = True) -> list[tuple[str, dict[str, Any]]]:
    """Play every case below a folder and write `out/SUBFOLDER/NAME.sim.json`; names and records, in order."""
    records = []
    for path in sorted(cases.rglob("*.yaml")):
        record = play(path, remember)
        target = out / path.relative_to(cases).with_suffix(".sim.json")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(
            json.dumps(record, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf-8", errors="replace"
        )
        records.append((str(path.relative_to(cases).with_suffix("")), record))
    return records
