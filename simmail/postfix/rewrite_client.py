"""NAME
    rewrite_client - a program's way to trivial-rewrite(8)

DESCRIPTION
    A program remembers the last address that it had completed, and does not ask for that again at once: of a sender
    who writes to himself, and of a recipient whom the first header names, trivial-rewrite(8) says what it has to say
    once.

SEE ALSO
    trivial_rewrite, trivial-rewrite(8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.address import quote_local, unquote_local

if TYPE_CHECKING:
    from simmail.postfix.trivial_rewrite import TrivialRewrite


class RewriteClient:
    """One program's.

    Attributes:
        repeats: how often it has not asked again what trivial-rewrite(8) had something to say of.
    """

    __slots__ = ("_asked", "_heard", "repeats")

    def __init__(self) -> None:
        self._asked: str | None = None
        self._heard = ""
        self.repeats = 0

    def complete(self, rewriter: TrivialRewrite, address: str) -> str:
        """An address completed in the local context, in internal form."""
        if address == self._asked:
            self.repeats += 1
            return self._heard
        said = len(rewriter.pending)
        self._heard = rewriter.rewrite_internal(address)
        self._asked = address if len(rewriter.pending) != said else None
        return self._heard

    def complete_external(self, rewriter: TrivialRewrite, context: str, address: str) -> str:
        """An address, of a header for one, completed in a context (see `TrivialRewrite.rewrite`), in external form."""
        if address == self._asked and context == "local":
            self.repeats += 1
            return quote_local(self._heard)
        said = len(rewriter.pending)
        done = rewriter.rewrite(context, address)
        heard = (
            context == "local" and len(rewriter.pending) != said and (quote_local(address) == address or not address)
        )
        self._asked, self._heard = (address, unquote_local(done)) if heard else (None, "")
        return done

    def forget(self) -> None:
        """Ask for whatever comes next."""
        self._asked = None
