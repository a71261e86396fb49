"""NAME
    regexp - tables of POSIX patterns

DESCRIPTION
    Patterns are run by the C library's regcomp(3) and regexec(3), in the C locale, as Postfix runs them.  What
    would make them fill the memory is kept from them: a pattern whose repeats multiply beyond 5000 is refused, and one
    that asks for the text of a group without a bound again (`(a*)\\1`) goes to a matcher that counts its steps.  Where
    there is no such C library, a translation (`simmail.postfix.tables.translate`) stands in for it, and says so.

    Options behind a pattern: i (off), x (off: basic expressions), m (on: newlines are special).

DIAGNOSTICS
    regexp map /etc/postfix/header_checks, line 1: Unmatched ( or \\(
    regexp map /etc/postfix/header_checks, line 2: Memory exhausted
    regexp map /etc/postfix/header_checks, line 3: Regular expression too big

SEE ALSO
    regexp_table(5), regex(7)
"""

from __future__ import annotations

import re

from simmail.mail.digits import whole
from simmail.postfix.tables import translate
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.patterns import BadPattern, Compiled, Dialect, Engine, Groups, MatchFailed, open_patterns
from simmail.postfix.tables.posix_syntax import REPEATS
from simmail.postfix.tables.table import Table, TableEnvironment

try:
    import ctypes

    _library = ctypes.CDLL(None)
    _known = hasattr(_library, "gnu_get_libc_version")
except (ImportError, OSError, TypeError):  # no ctypes, or no C library to be had: translate.py stands in
    _known = False

DIALECT = Dialect("regexp", "imx", "", "skipping", "out-of-range", second=True)

#: The C library's bits; extended and icase are on where x and i are not given.
BITS = {"x": 1, "i": 2, "m": 4}
USUALLY = BITS["x"] | BITS["i"]
NOSUB, NOMATCH = 8, 1
ALL_LOCALES = 0x1FBF
#: Octets of a regex_t, rounded up, and where in it the number of groups stands.
ROOM, GROUPS_AT = 256, 48
#: Limits of a pattern: its nodes once repeats are written out, and the depth of its parentheses.
NODES, DEPTH = 5000, 200
#: How many nodes an assertion counts for: the library copies what follows it; and how much more in what is repeated.
ASSERTIONS = {b"^": 50, b"$": 50, b"\\b": 250, b"\\B": 250, b"\\<": 50, b"\\>": 50, b"\\`": 50, b"\\'": 50}
REPEATED = 10


class _Pattern:
    """A pattern compiled by the C library."""

    __slots__ = ("_compiled", "_spans", "groups")

    def __init__(self, pattern: bytes, bits: int) -> None:
        self._compiled = ctypes.create_string_buffer(ROOM)
        before = _use_c_locale()
        try:
            code = _library.regcomp(self._compiled, pattern, bits)
        finally:
            _library.uselocale(before)
        if code:
            text = _text(code)
            raise BadPattern(text)
        self.groups: int = ctypes.c_size_t.from_buffer(self._compiled, GROUPS_AT).value
        self._spans = None if bits & NOSUB else (ctypes.c_int * (2 * self.groups + 2))()

    def search(self, subject: bytes, captures: bool) -> Groups | None:
        """The first match."""
        spans = self._spans
        code = _library.regexec(self._compiled, subject, 0 if spans is None else self.groups + 1, spans, 0)
        if code:
            if code == NOMATCH:
                return None
            raise MatchFailed(_text(code))
        if spans is None or not captures:
            return ()
        return [None if spans[2 * n] < 0 else subject[spans[2 * n] : spans[2 * n + 1]] for n in range(self.groups + 1)]

    def __del__(self) -> None:
        if getattr(self, "groups", None) is not None:
            _library.regfree(self._compiled)


def _text(code: int) -> str:
    """What the C library calls an error."""
    buffer = ctypes.create_string_buffer(256)
    _library.regerror(code, None, buffer, len(buffer))
    return buffer.value.decode("latin-1")


def _use_c_locale() -> object:
    """Let this thread see octets as characters; what to give back to uselocale(3) afterwards."""
    _library.newlocale.restype = _library.uselocale.restype = ctypes.c_void_p
    _library.newlocale.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p]
    _library.uselocale.argtypes = [ctypes.c_void_p]
    locale: object = _library.newlocale(ALL_LOCALES, b"C", None)
    before: object = _library.uselocale(locale)
    return before


def _with_libc(pattern: bytes, options: frozenset[str], captures: bool) -> Compiled:
    bits = USUALLY
    for letter in options:
        bits ^= BITS[letter]
    _guard(pattern, extended=bool(bits & BITS["x"]))
    if _asks_again(pattern):
        _Pattern(pattern, bits)  # for its errors
        return translate.posix(pattern, options, captures)
    return _Pattern(pattern, bits if captures else bits | NOSUB)


# ---- what is kept from the C library

_TOKEN = re.compile(rb"\\.|\[\^?\](?:[^]]*)\]|\[\^?[^]]*\]|[(){}|*+?^$]|[^\\\[(){}|*+?^$]+", re.DOTALL)
_BOUNDS = re.compile(rb"(\d*)(?:,(\d*))?")
_BACK = re.compile(rb"\\[1-9]")
_LOOSE = re.compile(rb"[*+]|\{\d*,\}|\{\d*,?\d{2,}\}|\\\{\d*,\\\}|\\\{\d*,?\d{2,}\\\}")


class _Growth:
    """How many nodes a pattern has once its repeats are written out: a sum for each parenthesis that is open."""

    def __init__(self) -> None:
        self._sizes = [0]
        #: Of what stands last on each level: what a repeat would copy.
        self._last = [0]
        #: What assertions count for on each level, and in what stands last.
        self._asserted, self._last_asserted = [0], 0

    @property
    def inside(self) -> bool:
        """Whether a parenthesis is open."""
        return len(self._sizes) > 1

    def check(self) -> None:
        """Raise BadPattern where there is no more room."""
        if sum(self._sizes) > NODES or len(self._sizes) > DEPTH:
            raise BadPattern("Memory exhausted")

    def open(self) -> None:
        """A parenthesis opens."""
        for level in (self._sizes, self._last, self._asserted):
            level.append(0)

    def close(self) -> None:
        """A parenthesis closes: what stands in it is what stands last."""
        inner = self._sizes.pop() + 1
        self._last.pop()
        self._sizes[-1] += inner
        self._last[-1] = inner
        self._last_asserted = self._asserted.pop()
        self._asserted[-1] += self._last_asserted

    def atom(self, token: bytes) -> None:
        """Something that is neither parenthesis nor repeat."""
        self._last_asserted = ASSERTIONS.get(token, 0)
        self._sizes[-1] += self._last_asserted or (1 if token[:1] in (b"[", b"\\") else len(token))
        self._asserted[-1] += self._last_asserted
        self._last[-1] = self._last_asserted or 1

    def repeat(self, times: int) -> None:
        """What stands last comes so many times."""
        self._sizes[-1] += self._last[-1] * max(times - 1, 0)
        self._last[-1] *= max(times, 1)

    def repeat_without_end(self) -> None:
        """What stands last comes as often as it likes."""
        grown = self._last[-1] + REPEATED * self._last_asserted
        self._sizes[-1] += grown
        self._last[-1] += grown
        self._asserted[-1] += REPEATED * self._last_asserted
        self._last_asserted *= REPEATED


def _guard(pattern: bytes, extended: bool) -> None:
    """Refuse a pattern that grows too large when its repeats are written out.  Raises BadPattern."""
    growth = _Growth()
    position = 0
    while position < len(pattern):
        match = _TOKEN.match(pattern, position)
        token = match.group() if match else pattern[position : position + 1]
        position += len(token)
        operator = token if extended else token[1:] if token[:1] == b"\\" and token[1:] in b"(){}" else b""
        if operator == b"(":
            growth.open()
        elif operator == b")" and growth.inside:
            growth.close()
        elif operator == b"{":
            times, position = _repeats(pattern, position, b"}" if extended else b"\\}")
            growth.repeat(times)  # what follows may be another repeat of the same: a{9}{9}
        elif token in (b"*", b"+", b"?"):
            growth.repeat_without_end()
        else:
            growth.atom(token)
        growth.check()


def _repeats(pattern: bytes, position: int, closing: bytes) -> tuple[int, int]:
    """How often something comes at the most, as bounds at a position say, and what is behind them; 1 for no bounds."""
    bounds = _BOUNDS.match(pattern, position)
    if not bounds or not pattern.startswith(closing, bounds.end()):
        return 1, position
    times = max((whole(digits.decode()) for digits in bounds.groups() if digits), default=1)
    if times > REPEATS:
        raise BadPattern("Regular expression too big")
    return times, bounds.end() + len(closing)


def _asks_again(pattern: bytes) -> bool:
    """Whether a pattern asks for a group's text again and has repeats without a narrow bound."""
    return bool(_BACK.search(pattern)) and bool(_LOOSE.search(pattern))


def is_substitute() -> bool:
    """Whether a translation stands in for the real engine."""
    return not _known


def engine() -> Engine:
    """The engine in use."""
    return _with_libc if not is_substitute() else translate.regexp


def open_regexp(type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> Table:
    """Open `regexp:/file` or `regexp:{{rule}, {rule}}`."""
    return open_patterns(DIALECT, engine(), name, environment, flags)
