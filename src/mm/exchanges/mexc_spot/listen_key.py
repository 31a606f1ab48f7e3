"""The listen key: what the private socket's address ends with. Valid for an hour, kept alive long before that.

(MEXC Spot reference: listen keys.)
"""

from __future__ import annotations

from typing import Final

MINUTE_NS: Final = 60_000_000_000
LIFETIME_NS: Final = 60 * MINUTE_NS
KEEP_NS: Final = 25 * MINUTE_NS
KEEP_RETRY_NS: Final = MINUTE_NS
OLD_NS: Final = 50 * MINUTE_NS
"""From then on it is not trusted with a new connection, nor waited for."""


class ListenKey:
    """One key at a time; it shows itself to nobody."""

    __slots__ = ("_confirmed_ns", "due_ns", "fetching", "is_own", "value")

    def __init__(self) -> None:
        self.value = ""
        self.fetching = False
        self.is_own = False
        """We made it, so that we may close it."""
        self.due_ns = 0
        """When it is to be kept alive; 0 while there is none."""
        self._confirmed_ns = 0

    def begin(self) -> bool:
        """Whether a fetch should start now: there is no key, and none is under way."""
        if self.value or self.fetching:
            return False
        self.fetching = True
        return True

    def taken(self, now_ns: int, value: str) -> None:
        """A key was made."""
        self.fetching = False
        self.is_own = True
        self.value = value
        self.kept(now_ns)

    def borrowed(self, now_ns: int, value: str) -> None:
        """A key of the account that somebody else made is used; its hour may be nearly over."""
        self.is_own = False
        self.value = value
        self._confirmed_ns = self.due_ns = now_ns

    def kept(self, now_ns: int) -> None:
        """The venue says that the key is good for another hour."""
        self._confirmed_ns = now_ns
        self.due_ns = now_ns + KEEP_NS

    def asked(self, now_ns: int) -> None:
        """Keeping it alive was asked for: again in a minute if nothing comes of it."""
        self.due_ns = now_ns + KEEP_RETRY_NS

    def is_old(self, now_ns: int) -> bool:
        """Whether it was not confirmed for so long that it may be over soon."""
        return bool(self.value) and now_ns >= self._confirmed_ns + OLD_NS

    def drop(self) -> str:
        """Forget the key; returns it if it is ours to close."""
        value, self.value = self.value, ""
        self.due_ns = self._confirmed_ns = 0
        return value if self.is_own else ""

    def __repr__(self) -> str:
        """Without the key."""
        return f"ListenKey(there={bool(self.value)}, fetching={self.fetching})"
