"""Values that nothing prints: API keys and secrets."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """A text that shows itself only to `reveal()`: not in repr, str, format, pickle, copies or tracebacks."""

    __slots__ = ("_hidden",)

    def __init__(self, value: str) -> None:
        self._hidden = value

    def reveal(self) -> str:
        """The text, for the signer alone."""
        return self._hidden

    def __repr__(self) -> str:
        return "Secret(hidden)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._hidden)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        from hmac import compare_digest

        return compare_digest(self._hidden.encode(), other._hidden.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash in a log would be something to test guesses against

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never serialised")


def secrets_of(url: Secret) -> list[str]:
    """What must not be shown of an address with a password in it: the address, and the password alone."""
    from urllib.parse import unquote, urlsplit

    found = [url.reveal()]
    try:
        password = urlsplit(url.reveal()).password
    except ValueError:
        password = None
    return [*found, password, unquote(password)] if password else found


def fingerprint(key: Secret) -> str:
    """Twelve hex digits that name an API key without telling it; the configuration of a live account states them."""
    from hashlib import sha256

    return sha256(key.reveal().encode()).hexdigest()[:12]
