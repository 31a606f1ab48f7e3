"""Errors by whose fault they are. Rejections, time-outs, gaps and disconnects are events, not exceptions."""

from __future__ import annotations


class ConfigError(Exception):
    """The user's configuration is wrong: found at the door, before anything runs.

    Args:
        key: the setting as the user writes it, for example `strategy.spread_bps`.
        place: where it was read, for example `mm.toml:12` or `environment`.
        expected: what would have been right.
        hint: what to do, or the nearest right name; may be empty.
    """

    def __init__(self, key: str, place: str, expected: str, hint: str = "") -> None:
        self.key = key
        self.place = place
        self.expected = expected
        self.hint = hint
        text = f"{place}: {key}: expected {expected}" if place else f"{key}: expected {expected}"
        super().__init__(f"{text} ({hint})" if hint else text)


class LocalError(Exception):
    """We broke a rule of a venue, a protocol or a port: a defect of this program, not of its input."""


class RemoteError(Exception):
    """The other side broke its own protocol where no event can carry the news."""


class InvariantError(Exception):
    """Our state is wrong: nothing that follows can be trusted, so stop."""
