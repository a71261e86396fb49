"""The administrator's commands of Postfix, by name; each is loaded when it is first typed."""

from __future__ import annotations

from importlib import import_module

from simmail.files.invocation import Command, Invocation
from simmail.mail.questions import Decision

#: Name -> the module below `simmail.postfix.commands` that has a function of that name (`-` written `_`).
MODULES = {
    "postconf": "postconf",
    "postmap": "postmap",
    "postalias": "postalias",
    "newaliases": "sendmail",
    "sendmail": "sendmail",
    "mailq": "sendmail",
    "postqueue": "postqueue",
    "postsuper": "postsuper",
    "postcat": "postcat",
    "qshape": "qshape",
    "postfix": "postfix",
    "postlog": "postlog",
    "postkick": "postkick",
}


def _loading(name: str, module: str) -> Command:
    def command(invocation: Invocation) -> Decision[int]:
        loaded: Command = getattr(import_module(f"simmail.postfix.commands.{module}"), name)
        return loaded(invocation)

    return command


#: Name -> what it does.
COMMANDS: dict[str, Command] = {name: _loading(name, module) for name, module in MODULES.items()}
