"""printf(1) and the escapes of echo(1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from simmail.userland.numbers import number

SIMPLE = dict(zip('abfnrtve\\"', '\a\b\f\n\r\t\v\x1b\\"', strict=True))
DIRECTIVE = re.compile(r"%([-+ #0]*)(\*|[0-9]*)(?:\.(\*|-?[0-9]*))?[hlLjzt]*([a-zA-Z%]?)", re.DOTALL)
WIDEST = 100_000


class Stop(Exception):
    """`\\c`: print no more; `text` is what came before."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


def octet(code: int) -> str:
    """The octet as texts here hold it."""
    return bytes([code & 0xFF]).decode("utf-8", "surrogateescape")


def joined(text: str) -> str:
    """A text whose octets were put together one by one, read as UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def unescape(text: str, *, zero: bool, hexadecimal: bool = False) -> str:
    """A text with its escapes replaced.

    Args:
        text: the text.
        zero: whether an octal number may begin with a zero that does not count (echo, %b).
        hexadecimal: whether `\\x41` is one.

    Raises:
        Stop: at `\\c`.
    """
    if "\\" not in text:
        return text
    result: list[str] = []
    position = 0
    while True:
        backslash = text.find("\\", position)
        if backslash < 0 or backslash + 1 >= len(text):
            result.append(text[position:])
            return joined("".join(result))
        result.append(text[position:backslash])
        char = text[backslash + 1]
        position = backslash + 2
        if char == "c" and zero:
            raise Stop(joined("".join(result)))
        digits = re.compile("0?[0-7]{1,3}" if zero else "[0-7]{1,3}").match(text, backslash + 1)
        hexes = re.compile("x([0-9a-fA-F]{1,2})").match(text, backslash + 1) if hexadecimal else None
        if digits is not None:
            result.append(octet(int(digits.group(), 8)))
            position = digits.end()
        elif hexes is not None:
            result.append(octet(int(hexes.group(1), 16)))
            position = hexes.end()
        else:
            result.append(SIMPLE.get(char, "\\" + char))


class Printf:
    """One printf.

    Args:
        template: the format.
        arguments: what it shows.
        complain: is told what is wrong with an argument: `expected numeric value` and the like, with the argument.
    """

    def __init__(self, template: str, arguments: list[str], complain: Callable[[str, str], None]) -> None:
        self.template, self.complain = template, complain
        self.arguments: Iterator[str] = iter(arguments)
        self.left = len(arguments)
        self.status = 0

    def run(self) -> Iterator[str]:
        """The texts to print, one for each time the format is gone through."""
        while True:
            before = self.left
            try:
                yield self._once()
            except Stop as stop:
                yield stop.text
                return
            if self.left <= 0 or self.left == before or self.status == 2:
                return

    def _next(self) -> str | None:
        self.left -= self.left > 0
        return next(self.arguments, None)

    def _wrong(self, argument: str, text: str, status: int = 1) -> None:
        self.complain(argument, text)
        self.status = status

    def _number(self, argument: str | None) -> int:
        if not argument:
            if argument == "":
                self._wrong(argument, "expected numeric value")
            return 0
        if argument[0] in "'\"" and len(argument) > 1:
            return ord(argument[1])
        value = number(argument)
        if value is not None:
            return value
        begin = re.match(r"\s*[-+]?(0[xX][0-9a-fA-F]+|0[0-7]*|[0-9]{1,40})", argument)
        self._wrong(argument, "not completely converted" if begin else "expected numeric value")
        return (number(begin.group()) or 0) if begin else 0

    def _float(self, argument: str | None) -> float:
        found = re.match(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?", argument or "")
        if argument and (found is None or found.end() < len(argument)):
            self._wrong(argument, "not completely converted" if found else "expected numeric value")
        return float(found.group()) if found else 0.0

    def _once(self) -> str:
        """Go through the format once."""
        result: list[str] = []
        position = 0
        for found in DIRECTIVE.finditer(self.template):
            result.append(unescape(self.template[position : found.start()], zero=False))
            position = found.end()
            kind = found.group(4)
            if found.group() == "%%":
                result.append("%")
                continue
            if kind not in set("diouxXcsbeEfFgG"):
                self._wrong(found.group(), "invalid directive", 2)
                return joined("".join(result))
            try:
                result.append(self._directive(found))
            except Stop as stop:
                raise Stop("".join(result) + stop.text) from None
        result.append(unescape(self.template[position:], zero=False))
        return joined("".join(result))

    def _directive(self, found: re.Match[str]) -> str:
        flags, width, precision, kind = found.groups()
        if width == "*":
            wide = self._number(self._next())
            flags, width = (flags + "-", str(-wide)) if wide < 0 else (flags, str(wide))
        if precision == "*":
            precision = str(max(self._number(self._next()), 0))
        wide = min(int(width or 0), WIDEST)
        exact = None if precision is None or precision.startswith("-") else min(int(precision or 0), WIDEST)
        argument = self._next()
        if kind in "sbc":
            text = argument or ""
            if kind == "b":
                text = unescape(text, zero=True)
            text = text[:1] if kind == "c" else text[:exact]
        elif kind in "eEfFgG":
            digits = 6 if exact is None else min(exact, 99)
            text = self._signed(flags, format(self._float(argument), f".{digits}{kind}"))
        else:
            text = self._integer(flags, kind, self._number(argument), exact)
        if "-" in flags:
            return text.ljust(wide)
        if "0" in flags and kind not in "sbc" and (exact is None or kind in "eEfFgG"):
            sign = text[: len(text) - len(text.lstrip("+- "))]
            return sign + text[len(sign) :].rjust(wide - len(sign), "0")
        return text.rjust(wide)

    @staticmethod
    def _signed(flags: str, text: str) -> str:
        if text.startswith("-"):
            return text
        return ("+" if "+" in flags else " " if " " in flags else "") + text

    def _integer(self, flags: str, kind: str, value: int, exact: int | None) -> str:
        if kind in "di":
            return self._signed(flags, ("-" if value < 0 else "") + str(abs(value)).rjust(exact or 0, "0"))
        value %= 2**64
        digits = {"u": str(value), "o": f"{value:o}", "x": f"{value:x}", "X": f"{value:X}"}[kind]
        if "#" in flags and value:
            digits = {"o": "0", "x": "0x", "X": "0X"}.get(kind, "") + digits
        return digits.rjust(exact or 0, "0")
