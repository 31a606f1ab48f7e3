"""What the rest of the system takes from this package, and nothing that runs before it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from mm.exchanges.kraken.terms import BATCH_CANCEL_MAX, BATCH_PLACE_MAX, CLIENT_ID_LENGTH_MAX
from mm.exchanges.venue import Capabilities

if TYPE_CHECKING:
    from mm._core._rust import KrakenBookDecoder, KrakenRestCounter, KrakenTradingCounter
    from mm.exchanges.kraken.codec import KrakenCodec
    from mm.exchanges.kraken.dialect import Dialect
    from mm.exchanges.kraken.session import KrakenSession
    from mm.instruments import Instrument


class KrakenFace:
    """Kraken Spot: its name, what it can do, where it is, and makers of its parts."""

    name: Final = "kraken"
    title: Final = "Kraken"
    entry_maker_fee_bps: Final = 25
    """At a 30-day volume of nothing (Kraken reference: fee schedule)."""
    capabilities: Final = Capabilities(
        amend=True,
        batch_place_max=BATCH_PLACE_MAX,
        batch_cancel_max=BATCH_CANCEL_MAX,
        dead_man_switch=True,
        post_only=True,
        reduce_only=True,
        client_id_length_max=CLIENT_ID_LENGTH_MAX,
        tells_rights=True,
        rising_nonces=True,
    )
    rest_url: Final = "https://api.kraken.com"
    public_url: Final = "wss://ws.kraken.com/v2"
    private_url: Final = "wss://ws-auth.kraken.com/v2"

    def codec(
        self, key: str = "", secret: str = "", *, symbols: Iterable[str] = (), instruments: Iterable[Instrument] = ()
    ) -> KrakenCodec:
        """Return a codec; without a key it reads public data only. Raises ConfigError for a secret that is none.

        symbols: whose instruments the engine is told of (none: all); instruments: known beforehand.
        """
        from mm.exchanges.kraken.codec import KrakenCodec

        return KrakenCodec(key, secret, symbols=symbols, instruments=instruments)

    def session(
        self,
        codec: Dialect,
        symbols: Sequence[str],
        *,
        public_url: str = public_url,
        private_url: str = "",
        owner: str = "mm",
        depth: int = 10,
        ticker: bool = True,
        seed: int = 0,
        rights: str = "",
    ) -> KrakenSession:
        """Return the session rules of one link; without a private address there is no private channel.

        owner: how client ids of own orders begin; all others are counted as foreign; rights: see `KrakenSession`.
        """
        from mm.exchanges.kraken.session import KrakenSession

        return KrakenSession(
            codec,
            symbols,
            public_url=public_url,
            private_url=private_url,
            owner=owner,
            depth=depth,
            ticker=ticker,
            seed=seed,
            rights=rights,
        )

    def trading_limits(self, tier: str) -> KrakenTradingCounter | None:
        """Return the count of order requests of one symbol, None for a tier without limit."""
        from mm._core._rust import KrakenTradingCounter

        return None if tier == "unlimited" else KrakenTradingCounter(tier)

    def call_counter(self, tier: str) -> KrakenRestCounter:
        """Return the count of an API key's private REST calls."""
        from mm._core._rust import KrakenRestCounter

        return KrakenRestCounter(tier)

    def book_decoder(self) -> KrakenBookDecoder:
        """Return a decoder of book frames."""
        from mm._core._rust import KrakenBookDecoder

        return KrakenBookDecoder()


VENUE: Final = KrakenFace()
