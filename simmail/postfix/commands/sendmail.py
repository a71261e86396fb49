"""NAME
    sendmail - Postfix to Sendmail compatibility interface

SYNOPSIS
    sendmail [option ...] [recipient ...]
    mailq
    newaliases

DESCRIPTION
    Reads a message up to its end, or to a line with a lone dot, and puts it into the maildrop queue.  Recipients are
    those of the command line, and with -t those of the header too.

    -f or -r says who sends it, -F what his name is (else the variable NAME, or his account), -N, -R and -V ask for
    notifications, -B says what the body holds, -XV asks for variable envelope return paths, -G leaves the header as it
    is, -i or -oi takes a lone dot for text.
    -bv only looks at the addresses, -v reports the delivery.  -bs holds an SMTP session with standard input.  -bp or
    `mailq` lists the queue, -q, -qRsite and -qIid try what waits, -bd starts Postfix.
    -bi or `newaliases` makes what alias_database lists, or -oA names.  -C names a main.cf, or the folder that it is in.

PARAMETERS
    alias_database, message_size_limit, myorigin, authorized_submit_users, sendmail_fix_line_endings,
    default_verp_delimiters, verp_delimiter_filter, line_length_limit, local_login_sender_maps, enable_long_queue_ids,
    smtputf8_enable

DIAGNOSTICS
    sendmail: fatal: USER(UID): No recipient addresses found in message header
    invalid sendmail_fix_line_endings value: TEXT
    every fatal error ends with status 75 (EX_TEMPFAIL)

BUGS
    -v given twice asks for no report, but does not tell what the programs do either, nor does -v with -bp, -bi or -q.
    -bs says so where Postfix does not run; the real program waits for it.

SEE ALSO
    sendmail(1), postdrop(1), mailq(1)
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

from simmail.files.file_errors import NO_FILE
from simmail.files.invocation import Invocation
from simmail.files.machine import Account
from simmail.mail.content import Content, octets
from simmail.mail.errors import Fatal
from simmail.mail.message import Message, Notify, Recipient
from simmail.mail.questions import Abandon, Commit, Decision, NewQueueId, through
from simmail.postfix.commands.login_senders import UNWRITTEN, Refusal, refusal
from simmail.postfix.commands.submitted import LINE_ENDINGS, addresses, content_lines, extract, probe
from simmail.postfix.commands.usage import BadOption, Console, Option, getopt
from simmail.postfix.config import Config
from simmail.postfix.delivery import RECORD, VERIFY
from simmail.postfix.pickup import GATEWAY
from simmail.postfix.queue_file import stored_size
from simmail.postfix.smtpd.standalone import StandAlone, StandAloneSession, converse, unheard
from simmail.postfix.tables import TableEnvironment
from simmail.postfix.tables.split import split_outside_braces
from simmail.smtp.parameters import notify_set

LETTERS = "A:B:C:F:GIL:N:O:R:UV:X:b:ce:f:h:imno:p:r:q:tvx"
TEMPORARY = 75
BODIES = {"8BITMIME": "8bit", "7BIT": "7bit"}
RETURNS = {"FULL": "FULL", "HDRS": "HDRS"}
#: Options that set a text, options that switch something on.
TEXTS = {"F": "fullname", "f": "sender", "r": "sender"}
SWITCHES = {"G": "gateway", "i": "dots_are_text", "t": "from_header"}
NO_FLUSH = "ignoring -q option in daemon mode"


@dataclass(slots=True)
class Request:
    """What a command line asks for; empty where it asks for nothing."""

    mode: str = "m"
    sender: str | None = None
    fullname: str | None = None
    body: str = ""
    notify: frozenset[Notify] = frozenset()
    ret: str = ""
    envid: str = ""
    verp: str = ""
    from_header: bool = False
    verify: bool = False
    verbose: int = 0
    dots_are_text: bool = False
    gateway: bool = False
    site: str = ""
    queue_id: str = ""
    aliases: str = ""
    operands: list[str] = field(default_factory=list)

    @property
    def report(self) -> bool:
        """Whether it asks for a report of the delivery: more than one -v asks for something else."""
        return self.verbose == 1


def mailq(invocation: Invocation) -> Decision[int]:
    """List the queue."""
    return (yield from _Sendmail(invocation).run("p"))


def newaliases(invocation: Invocation) -> Decision[int]:
    """Make the alias database."""
    return (yield from _Sendmail(invocation).run("i"))


def sendmail(invocation: Invocation) -> Decision[int]:
    """Run sendmail; the exit status."""
    return (yield from _Sendmail(invocation).run("m"))


class _Sendmail:
    """One run of the command."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.name = posixpath.basename(invocation.argv[0])
        self.console = Console("sendmail", invocation, TEMPORARY)
        folder = self._folder()
        if folder:  # other commands are handed it, too
            folder = posixpath.join(invocation.folder, folder)
            invocation.environment = {**invocation.environment, "MAIL_CONFIG": folder}
        self.config: Config = self.console.config()

    def run(self, mode: str) -> Decision[int]:
        """Do what the command line asks for."""
        request = Request(mode)
        yield from self._read_options(request)
        yield from self._check(request)
        if request.mode == "m" and not (request.site or request.queue_id):
            return (yield from self._submit(request))
        return (yield from self._delegate(request))

    # ---- options

    def _folder(self) -> str:
        """Where -C says that main.cf is; "" for the usual place.

        The options are gone through once for this before all else, and what is none is told then, too.
        """
        folder, words = "", list(self.invocation.argv[1:])
        while words and words[0].startswith("-") and words[0] not in ("-", "--"):
            if words[0] in ("-q", "-XV"):
                words = words[1:]
                continue
            try:
                given, words = one_word(words)
            except BadOption as error:
                self.invocation.complain(f"{self.name}: {error.text}")
                rest = words[0][1:].partition(error.letter)[2]
                words = ["-" + rest, *words[1:]] if rest else words[1:]
                continue
            for letter, value in given:
                if letter == "C":
                    place, name = posixpath.split(value)
                    folder = (place or ".") if name == "main.cf" else value
        return folder

    def _read_options(self, request: Request) -> Decision[None]:
        words = list(self.invocation.argv[1:])
        while words:
            if words[0] == "-q":
                if request.mode == "d":
                    yield from self.console.warn(NO_FLUSH)
                else:
                    request.mode = "q"
                words = words[1:]
                continue
            words = yield from self._verp_word(request, words)
            if not words or not words[0].startswith("-") or words[0] in ("-", "--"):
                break
            try:
                given, words = one_word(words)
            except BadOption as error:
                self.invocation.complain(f"{self.name}: {error.text}")
                yield from self.console.die(f"usage: {self.name} [options]")
            for letter, value in given:
                yield from self._option(request, letter, value)
        if words[:1] == ["--"]:
            words = words[1:]
        request.operands = words

    def _verp_word(self, request: Request, words: list[str]) -> Decision[list[str]]:
        """-XV and the old forms of -V."""
        if words[0] == "-XV":
            request.verp = self.config["default_verp_delimiters"]
            return (yield from self._verp_word(request, words[1:])) if words[1:] else []
        if words[0] == "-V" and len(words) > 1 and octets(words[1]) == 2:
            yield from self.console.warn("option -V is deprecated with Postfix 2.3; specify -XV instead")
            request.verp = self.config["default_verp_delimiters"]
            return words[1:]
        if words[0].startswith("-V") and octets(words[0]) == 4:
            old, new = words[0], "-X" + words[0][1:]
            yield from self.console.warn(f"option {old} is deprecated with Postfix 2.3; specify {new} instead")
            return [new, *words[1:]]
        return words

    def _option(self, request: Request, letter: str, value: str) -> Decision[None]:
        if letter in TEXTS:
            setattr(request, TEXTS[letter], value)
        elif letter in SWITCHES:
            setattr(request, SWITCHES[letter], True)
        elif letter == "n":
            yield from self.console.die("-n option not supported")
        elif letter == "B":
            if value not in BODIES:
                yield from self.console.die("-B option needs 8BITMIME or 7BIT")
            request.body = BODIES[value]
        elif letter == "I":
            request.mode = "i"
        elif letter == "o":
            request.dots_are_text |= value.startswith("i")
            request.aliases = value[1:] if value.startswith("A") else request.aliases
        elif letter == "v":
            request.verbose += 1
        elif letter in "NRV":
            yield from self._notification(request, letter, value)
        elif letter in "Xbq":
            yield from {"X": self._verp, "b": self._mode, "q": self._flush}[letter](request, value)

    def _notification(self, request: Request, letter: str, value: str) -> Decision[None]:
        warn = self.console.warn
        if letter == "N":
            asked = notify_set(value)
            if asked.unknown:
                yield from warn(asked.gripe(value))
            if asked.words:
                request.notify = frozenset(map(Notify, asked.words))
            else:
                yield from warn("bad -N option value -- ignored")
        elif letter == "R":
            if value.upper() not in RETURNS:
                yield from warn("bad -R option value -- ignored")
            else:
                request.ret = RETURNS[value.upper()]
        elif len(value) > 100:
            yield from warn("too long -V option value -- ignored")
        elif not (value and value.isascii() and value.isprintable()):
            yield from warn("bad syntax in -V option value -- ignored")
        else:
            request.envid = value

    def _verp(self, request: Request, value: str) -> Decision[None]:
        if not value.startswith("V"):
            yield from self.console.die(f"unsupported: -X{value[:1]}")
        allowed: str = self.config["verp_delimiter_filter"]
        if octets(value) != 3 or not set(value[1:]) <= set(allowed):
            yield from self.console.die(f"-V requires two characters from {allowed}")
        request.verp = value[1:]

    def _mode(self, request: Request, value: str) -> Decision[None]:
        letter = value[:1]
        if letter == "v":
            request.verify = True
        elif letter in ("d", "l"):
            if request.mode == "q":
                yield from self.console.warn(NO_FLUSH)
            request.mode = "d"
        elif letter in ("h", "H", "i", "m", "p", "s"):
            request.mode = letter.lower()
        else:
            yield from self.console.die(f"unsupported: -b{letter}")

    def _flush(self, request: Request, value: str) -> Decision[None]:
        letter, rest = value[:1], value[1:]
        if letter.isdigit():  # an interval, which says nothing: queue_run_delay does
            request.mode = "h" if request.mode == "m" else request.mode
        elif letter == "R":
            if not rest:
                yield from self.console.die("specify: -qRsitename")
            request.site = rest
        elif letter == "I":
            if not rest:
                yield from self.console.die("specify: -qIqueueid")
            request.queue_id = rest
        else:
            yield from self.console.die(f"-q{letter} is not implemented")

    def _check(self, request: Request) -> Decision[None]:
        """Options that contradict each other."""
        wrong = (
            (request.from_header and request.mode != "m", "-t can be used only in delivery mode"),
            (bool(request.site) and request.mode != "m", "-qR can be used only in delivery mode"),
            (bool(request.queue_id) and request.mode != "m", "-qI can be used only in delivery mode"),
            (request.verify and request.from_header, "-t option cannot be used with -bv"),
            (request.verify and bool(request.notify), "-N option cannot be used with -bv"),
            (request.verify and bool(request.ret), "-R option cannot be used with -bv"),
            (request.verify and request.report, "-v option cannot be used with -bv"),
        )
        for condition, text in wrong:
            if condition:
                yield from self.console.die(text)

    # ---- other commands

    def _delegate(self, request: Request) -> Decision[int]:
        """Leave it to another command."""
        command, without = {
            "m": ("", "flush site" if request.site else "flush queue_id"),
            "p": ("postqueue -p", "display queue mode"),
            "q": ("postqueue -f", "flush queue mode"),
            "d": ("postfix start", "daemon mode"),
            "i": ("", "alias initialization mode"),
            "s": ("", "stand-alone mode"),
            "h": ("", ""),
        }[request.mode]
        if request.operands and without:
            yield from self.console.die(f"{without} requires no recipient")
        if request.mode == "s":
            return (yield from self._converse())
        words = tuple(command.split())
        if request.site:
            words = ("postqueue", "-s", request.site)
        elif request.queue_id:
            words = ("postqueue", "-i", request.queue_id)
        elif request.mode == "i":
            tables = [request.aliases] if request.aliases else split_outside_braces(self.config["alias_database"])
            words = ("postalias", *tables) if tables else ()
        status = (yield from self.console.run(words)) if words else 0
        return 0 if request.mode == "d" else status  # started in the background, whatever comes of it

    def _converse(self) -> Decision[int]:
        """An SMTP session on standard input."""
        yield from self.console.permit("submit mail", "authorized_submit_users", self.config)
        control, account = self.console.control(), self.console.account()
        system = control.system
        if system is None:
            raise Fatal("-bs: Postfix does not run; the real smtpd waits for it without end", TEMPORARY)
        logged = self.console.reaches_log(StandAlone.command)
        try:
            smtpd = StandAlone(system)
        except Fatal as fatal:
            if logged:
                yield from system.deaths.last_said(fatal, system.config.log_name(StandAlone.command))
            return 1
        session = StandAloneSession(smtpd, account.uid, control, self._postdrop, self._refusal)
        talk = converse(session, self.invocation.stdin)
        for reply in (yield from talk if logged else through(talk, unheard)):
            for line in reply.wire():
                self.invocation.print(line + "\r")
        return 0

    # ---- a message

    def _submit(self, request: Request) -> Decision[int]:
        """Put a message into the maildrop queue."""
        account = self.console.account()
        yield from self.console.permit("submit mail", "authorized_submit_users", self.config)
        sender = account.name if request.sender is None else (yield from self._sender(request.sender))
        who = f"{sender}({account.uid})"
        if request.verp and not sender:
            yield from self.console.die(f"{who}: -V option requires non-null sender address")
        named = [address for word in request.operands for address in addresses(word) or [""]]  # "" is the empty one
        lines, found = yield from self._read(request, sender)
        recipients = named + found
        if not recipients:
            yield from self.console.die(f"{who}: {NO_RECIPIENTS[request.from_header]}")
        self._postdrop()
        refused = yield from self._refusal(sender)
        if refused is not None:
            if refused.reply == UNWRITTEN.reply:
                yield from self.console.warn("mail_stream_cleanup: close error")
            yield from self.console.die(f"{who}: {refused.text}")
        message = self._message(request, account, Content(tuple(lines)))
        message.queue_id = yield NewQueueId(self.config["enable_long_queue_ids"])
        message.sender, message.sections = sender, (0, len(found))
        message.recipients = [Recipient(address, notify=request.notify) for address in recipients]
        limit: int = self.config["message_size_limit"]
        if 0 < limit < stored_size(message, "maildrop", self.invocation.machine):
            yield Abandon(message.queue_id)
            yield from self._too_large(who, account)
        yield from self._drop(message)
        if request.verify or request.report:
            self.invocation.print(f"Mail Delivery Status Report will be mailed to <{sender}>.")
        return 0

    def _message(self, request: Request, account: Account, content: Content) -> Message:
        """The message as it is asked for, without its envelope."""
        return Message(
            arrival=self.invocation.now,
            content=content,
            size=content.size,
            encoding=request.body,
            envid=request.envid,
            ret=request.ret,
            origin=GATEWAY if request.gateway else "local",
            verp=request.verp,
            trace=VERIFY if request.verify else RECORD if request.report else "",
            uid=account.uid,
            fullname=self._fullname(account) if request.fullname is None else request.fullname,
        )

    def _postdrop(self) -> None:
        """Start postdrop(1), which reads main.cf, too."""
        for level, text in self.console.heard:
            self.invocation.complain(f"postdrop: {level}: {text}")

    def _drop(self, message: Message) -> Decision[None]:
        """Put a message into the maildrop queue, and tell pickup(8)."""
        yield Commit(message, "maildrop")
        control = self.console.control()
        control.wake_pickup()
        if "public/pickup" not in control.spool.sockets:
            yield from self.console.warn(f"unable to look up public/pickup: {NO_FILE}", "postdrop")

    def _read(self, request: Request, sender: str) -> Decision[tuple[list[str], list[str]]]:
        """The message's lines, and the recipients that its header names, where those are wanted."""
        if request.verify:
            return list(probe(sender, request.operands)), []
        endings: str = self.config["sendmail_fix_line_endings"]
        if endings not in LINE_ENDINGS:
            yield from self.console.die(f"invalid sendmail_fix_line_endings value: {endings}")
        text, strip = self.invocation.stdin, LINE_ENDINGS[endings]
        lines = list(content_lines(text, request.dots_are_text, strip, self.config["line_length_limit"]))
        return extract(lines) if request.from_header else (lines, [])

    def _fullname(self, account: Account) -> str:
        name = self.invocation.environment.get("NAME")
        return account.gecos.split(",")[0] if name is None else name

    def _sender(self, text: str) -> Decision[str]:
        found = addresses(text)
        if len(found) > 1 or (text.strip() and not found and text != "<>"):
            yield from self.console.warn(f"-f option specified malformed sender: {text}")
        return found[0] if found else ""

    def _refusal(self, sender: str) -> Decision[Refusal | None]:
        """Why postdrop(1) takes no mail in a sender's name from who runs this; None where it does."""
        said: list[tuple[str, str]] = []
        environment = TableEnvironment(
            self.invocation.machine, lambda level, text: said.append((level, text)),
            utf8=self.config["smtputf8_enable"], surrogates=False,
        )  # fmt: skip
        try:
            refused = refusal(self.console.account().name, sender, self.config, environment)
        except Fatal as fatal:
            said.append(("fatal", fatal.text))
            refused = UNWRITTEN
        for level, text in said:
            self.invocation.complain(f"postdrop: {level}: {text}")
            yield from self.console.log(level, text, "postdrop")
        return refused

    def _too_large(self, who: str, account: Account) -> Decision[None]:
        yield from self.console.warn(f"uid={account.uid}: File too large", "postdrop")
        yield from self.console.warn("mail_stream_cleanup: close error")
        yield from self.console.die(f"{who}: message file too big")


#: -t given -> what is said where there is no recipient.
NO_RECIPIENTS = {
    True: "No recipient addresses found in message header",
    False: "Recipient addresses must be specified on the command line or via the -t option",
}


def one_word(words: list[str]) -> tuple[list[Option], list[str]]:
    """The options in the first word, with the second where they need it, and the words behind.  Raises BadOption."""
    try:
        return getopt(words[:1], LETTERS)[0], words[1:]
    except BadOption:
        return getopt(words[:2], LETTERS)[0], words[2:]
