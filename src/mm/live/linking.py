"""Where a venue is for a run, and a link to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mm.config import Settings, VenueSettings
from mm.errors import ConfigError
from mm.net.link import Link, LinkSettings
from mm.subscriptions import subscriptions_of

MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a venue is for this run."""

    rest: str
    public: str
    private: str


def addresses(face: Any, venue: VenueSettings) -> Addresses:  # Any: each venue's face has a type of its own
    """The configured addresses, else the venue's own."""
    return Addresses(
        venue.rest_url or face.rest_url, venue.ws_url or face.public_url, venue.ws_auth_url or face.private_url
    )


def make_link(
    venue: VenueSettings,
    where: Addresses,
    face: Any,
    symbols: tuple[str, ...],
    *,
    seed: int,
    nonce_floor: int = 0,
    is_live: bool = False,
) -> Link:
    """A link to a venue with the keys of its settings. Raises ConfigError for a secret that is none.

    is_live: nothing is sent with a key that may withdraw, nor, unless the settings accept it, with one of which that is
    not known; ConfigError where the venue never tells.
    """
    key = venue.api_key.reveal() if venue.api_key is not None else ""
    secret = venue.api_secret.reveal() if venue.api_secret is not None else ""
    mode, rights = {}, {}
    if is_live and key:
        if face.capabilities.tells_rights:
            rights["rights"] = "accept" if venue.accept_unknown_key_rights else "read"
        elif not venue.accept_unknown_key_rights:
            raise ConfigError(
                "accept_unknown_key_rights",
                f"venues.{venue.name}",
                "true, for a key of which its owner has seen on the venue's page that it may not withdraw",
                "false, and this venue does not tell what a key may do",
            )
    if face.capabilities.margin:
        mode["mode"] = face.trading_mode(venue.position_mode, venue.margin_mode, venue.leverage)
    codec = face.codec(key, secret, symbols=symbols, **mode)
    session = face.session(
        codec,
        symbols,
        public_url=where.public,
        private_url=where.private if key else "",
        depth=venue.book_depth,
        ticker=False,
        seed=seed,
        **rights,
    )
    settings = LinkSettings(
        clock_offset_max_ns=venue.clock_offset_ms_max * MS,
        nonce_floor=nonce_floor,
        rising_nonces=face.capabilities.rising_nonces,
    )
    return Link(session, settings, seed=seed, calls=face.call_counter(venue.tier))


def symbols_of(settings: Settings, venue: str) -> tuple[str, ...]:
    """What a run subscribes to at a venue."""
    chosen = settings.venues[venue].symbols
    quoted = [strategy.symbol for strategy in settings.strategies.values() if strategy.venue == venue]
    hedged = [symbol for hedge in settings.hedging.values() for name, symbol in hedge.markets() if name == venue]
    rated = [stated.symbol for stated in settings.conversion.values() if stated.venue == venue]
    heard = [
        each.symbol
        for strategy in settings.strategies.values()
        for each in subscriptions_of(strategy.parameters)
        if each.venue == venue and each.symbol
    ]
    return chosen or tuple(dict.fromkeys(quoted + hedged + rated + heard))
