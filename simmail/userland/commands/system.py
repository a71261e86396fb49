"""id, hostname, env and other commands about the machine, its accounts and its programs."""

from __future__ import annotations

from simmail.mail.questions import Decision
from simmail.userland.commands.ls import group_name
from simmail.userland.commands.options import options
from simmail.userland.process import CommandError, LaunchError, Process, Tool, launch, plain, which


def whoami(process: Process) -> int:
    """Print the user's name."""
    process.print(process.user)
    return 0


def id_(process: Process) -> int:
    """Print who the user, or another, is."""
    given = options(process, "ugnGr", {"user": "u", "group": "g", "name": "n", "groups": "G"})
    name = given.operands[0] if given.operands else process.user
    account = process.machine.accounts.get(name)
    if account is None:
        raise CommandError(f"‘{name}’: no such user")
    group = group_name(process, account.gid)
    if "u" in given:
        process.print(name if "n" in given else str(account.uid))
    elif "g" in given or "G" in given:
        process.print(group if "n" in given else str(account.gid))
    else:
        process.print(f"uid={account.uid}({name}) gid={account.gid}({group}) groups={account.gid}({group})")
    return 0


def groups(process: Process) -> int:
    """Print the user's group."""
    account = process.machine.accounts.get(process.user)
    process.print(group_name(process, account.gid if account else 0))
    return 0


def hostname(process: Process) -> int:
    """Print the machine's name."""
    given = options(process, "fsdiI", {"fqdn": "f", "long": "f", "short": "s", "domain": "d", "ip-address": "i"})
    name = process.machine.hostname
    if "s" in given:
        name = name.split(".", 1)[0]
    elif "d" in given:
        name = name.partition(".")[2]
    elif "i" in given or "I" in given:
        name = " ".join(process.machine.outside)
    process.print(name)
    return 0


UNAME = {"s": "Linux", "n": "", "r": "6.1.0", "v": "#1 SMP", "m": "x86_64", "o": "GNU/Linux"}


def uname(process: Process) -> int:
    """Print what system it is."""
    given = options(process, "asnrvmpio", {"all": "a", "nodename": "n"})
    values = UNAME | {"n": process.machine.hostname}
    wanted = [letter for letter in values if "a" in given or letter in given] or ["s"]
    process.print(" ".join(values[letter] for letter in wanted))
    return 0


def env(process: Process) -> Decision[int]:
    """Print the environment, or run a command in another."""
    given = options(process, "iu:0", {"ignore-environment": "i", "unset": "u"}, permute=False, status=125)
    environment = {} if "i" in given else dict(process.environment)
    for name in given.values("u"):
        environment.pop(name, None)
    words = list(given.operands)
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if not words:
        for name, value in environment.items():
            process.print(f"{name}={value}")
        return 0
    process.environment = environment
    try:
        return (yield from launch(process, tuple(words), environment=environment))
    except LaunchError as error:
        return process.fail(f"‘{words[0]}’: {error.reason}", error.status)


def printenv(process: Process) -> int:
    """Print variables of the environment."""
    names = process.argv[1:]
    for name in names:
        if name in process.environment:
            process.print(process.environment[name])
    if not names:
        for name, value in process.environment.items():
            process.print(f"{name}={value}")
    return int(any(name not in process.environment for name in names))


def nice(process: Process) -> Decision[int]:
    """Run a command; nothing here is ever in a hurry."""
    given = options(process, "n:", permute=False)
    return (yield from _run(process, given.operands))


def nohup(process: Process) -> Decision[int]:
    """Run a command that is to outlive its session."""
    return (yield from _run(process, list(process.argv[1:])))


def timeout(process: Process) -> Decision[int]:
    """Run a command; no clock stops it, its bounds do."""
    given = options(process, "s:k:", {"signal": "s", "kill-after": "k"}, permute=False, status=125)
    return (yield from _run(process, given.operands[1:]))


def _run(process: Process, words: list[str]) -> Decision[int]:
    if not words:
        raise CommandError(f"missing operand\nTry '{process.name} --help' for more information.", 125)
    try:
        return (yield from launch(process, tuple(words)))
    except LaunchError as error:
        return process.fail(f"failed to run command ‘{words[0]}’: {error.reason}", error.status)


def which_(process: Process) -> int:
    """Print where programs lie."""
    status = 0
    for name in process.argv[1:]:
        try:
            process.print(which(process, name))
        except LaunchError:
            status = 1
    return status


def mktemp(process: Process) -> int:
    """Make a file, or folder, with a name that nobody has."""
    given = options(process, "dutqp:", {"directory": "d", "tmpdir": "p", "quiet": "q"})
    template = given.operands[0] if given.operands else "tmp.XXXXXXXXXX"
    if not given.operands or "p" in given or "t" in given:
        template = f"{given.value('p') or process.environment.get('TMPDIR', '/tmp')}/{template}"
    stem = template.rstrip("X")
    width = len(template) - len(stem)
    if width < 3:
        raise CommandError(f"too few X's in template ‘{template}’")
    number = 0
    while process.files.exists(name := stem + f"{number:0{width}d}"):
        number += 1
        process.job.step()
    if "d" in given:
        process.files.make_folder(name, 0o700)
    else:
        process.files.write(name, "")
        process.files.change(name, mode=0o600)
    process.print(name)
    return 0


def nologin(process: Process) -> int:
    """Refuse to log anybody in."""
    process.print("This account is currently not available.")
    return 1


TOOLS: dict[str, Tool] = {
    name: plain(function)
    for name, function in {
        "whoami": whoami,
        "id": id_,
        "groups": groups,
        "hostname": hostname,
        "uname": uname,
        "printenv": printenv,
        "which": which_,
        "mktemp": mktemp,
        "nologin": nologin,
    }.items()
}
TOOLS |= {
    name: Tool(function) for name, function in {"env": env, "nice": nice, "nohup": nohup, "timeout": timeout}.items()
}
