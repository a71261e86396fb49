"""A case: a small world and a few steps, from YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simmail.mail.errors import InputError

#: Lines that a host needs behind the main.cf of a case that runs daemons.
INSTALLATION = """\
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
queue_directory = /var/spool/postfix
maillog_file = /var/log/maillog
"""
#: The plain master.cf that a case's services are laid over.
MASTER = """\
smtp      inet  n - n - - smtpd
pickup    unix  n - n 1 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
local     unix  - n n - - local
virtual   unix  - n n - - virtual
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
dnsblog   unix  - - n - 0 dnsblog
"""

#: The host under test, where a case does not say otherwise.
HOST, ADDRESS = "mail.domain.ork", "192.0.2.10"
#: What to do about a file that is no case.
ADVICE = "write a case as tests/conformance/README.md says"


@dataclass(slots=True)
class Case:
    """One case, with the recorder's defaults filled in; `keys` is the YAML's mapping."""

    name: str
    keys: dict[str, Any]
    host: str = HOST
    address: str = ADDRESS
    daemon: bool = True
    steps: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Case:
        """Read a case.

        Raises:
            InputError: where it is no case.
        """
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError
        from ruamel.yaml.resolver import VersionedResolver

        class Resolver(VersionedResolver):
            """`y` and `n` are plain words to the recorder: names of files and users."""

            def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
                plain = value in ("y", "Y", "n", "N")
                return super().resolve(kind, value, (False, implicit[1]) if plain else implicit)

        yaml = YAML(typ="safe", pure=True)
        yaml.Resolver = Resolver
        yaml.version = (1, 1)  # the recorder reads `no` as false, too
        try:
            keys = yaml.load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, YAMLError) as error:
            raise InputError(str(path), f"cannot be read: {error}", ADVICE) from None
        if (
            not isinstance(keys, dict)
            or not isinstance(keys.get("steps"), list)
            or not isinstance(keys.get("main.cf"), str)
        ):
            raise InputError(str(path), "no `main.cf` text and list of `steps`", ADVICE)
        return cls(
            path.stem, keys, keys.get("host", HOST), keys.get("address", ADDRESS), keys.get("daemon", True),
            keys["steps"],
        )  # fmt: skip

    def main_cf(self) -> str:
        """The text of /etc/postfix/main.cf."""
        text: str = self.keys["main.cf"]
        if not self.daemon:
            return text
        where = self.address
        network = f"inet_interfaces = {where}, 127.0.0.1\ninet_protocols = ipv4\nsmtp_bind_address = {where}\n"
        return text.rstrip("\n") + "\n" + INSTALLATION + network

    def master_cf(self) -> str:
        """The text of /etc/postfix/master.cf: the plain one, the case's own services in place of those they name."""
        added: str = self.keys.get("master.cf", "")
        if not self.daemon and "master.cf" in self.keys:
            return added
        own = {tuple(line.split()[:2]) for line in added.splitlines() if line[:1].strip() and line[0] != "#"}
        return "".join(line for line in MASTER.splitlines(True) if tuple(line.split()[:2]) not in own) + added

    def others(self) -> set[str]:
        """The addresses of all other hosts: peers, clients, hosts without a mail server."""
        clients = {step["client"] for step in self.steps if "client" in step}
        return {*self.keys.get("peers", {}), *clients, *self.keys.get("hosts_up", [])} - {self.address, "127.0.0.1"}
