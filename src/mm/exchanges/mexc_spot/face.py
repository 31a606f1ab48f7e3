"""What the rest of the system takes from this package, and nothing that runs before it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from mm.exchanges.venue import Capabilities

if TYPE_CHECKING:
    from mm._core._rust import MexcBookDecoder
    from mm.exchanges.mexc_spot.codec import MexcSpotCodec
    from mm.exchanges.mexc_spot.limits import MexcSpotCalls, MexcSpotLimits
    from mm.exchanges.mexc_spot.session import MexcSpotSession
    from mm.instruments import Instrument


class MexcSpotFace:
    """MEXC Spot: its name, what it can do, where it is, and makers of its parts."""

    name: Final = "mexc_spot"
    title: Final = "MEXC Spot"
    capabilities: Final = Capabilities(
        amend=False,
        batch_place_max=20,
        batch_cancel_max=1,
        dead_man_switch=False,
        post_only=True,
        reduce_only=False,
        client_id_length_max=32,
        order_rate_by_account=True,
        renames_fills=True,
    )
    rest_url: Final = "https://api.mexc.com"
    public_url: Final = "wss://wbs-api.mexc.com/ws"
    private_url: Final = "wss://wbs-api.mexc.com/ws"

    def codec(
        self, key: str = "", secret: str = "", *, symbols: Iterable[str] = (), instruments: Iterable[Instrument] = ()
    ) -> MexcSpotCodec:
        """Return a codec; without a key it reads public data only. Raises ConfigError for a secret that is none.

        symbols: whose instruments the engine is told of (none: all); instruments: known beforehand.
        """
        from mm.exchanges.mexc_spot.codec import MexcSpotCodec

        return MexcSpotCodec(key, secret, symbols=symbols, instruments=instruments)

    def session(
        self,
        codec: MexcSpotCodec,
        symbols: Sequence[str],
        *,
        public_url: str = public_url,
        private_url: str = "",
        owner: str = "mm",
        depth: int = 0,
        ticker: bool = False,
        seed: int = 0,
        interval: str = "10ms",
    ) -> MexcSpotSession:
        """Return the session rules of one link; without a private address there is no private channel.

        owner: how client ids of own orders begin; depth and seed: taken for the sake of the other venues, the stream is
        of the whole book and nothing here is drawn by chance; interval: of the streams, "10ms" or "100ms".
        """
        from mm.exchanges.mexc_spot.session import MexcSpotSession

        return MexcSpotSession(
            codec,
            symbols,
            public_url=public_url,
            private_url=private_url,
            owner=owner,
            ticker=ticker,
            interval=interval,
        )

    def trading_limits(self, tier: str) -> MexcSpotLimits | None:
        """Return the count of order requests of one symbol, None for the tier without limit."""
        from mm.exchanges.mexc_spot.limits import MexcSpotLimits

        return None if tier == "unlimited" else MexcSpotLimits()

    def call_counter(self, tier: str) -> MexcSpotCalls:
        """Return the count of the account's private REST calls; the venue has no tiers."""
        from mm.exchanges.mexc_spot.limits import MexcSpotCalls

        return MexcSpotCalls()

    def book_decoder(self) -> MexcBookDecoder:
        """Return a decoder of book frames and snapshots."""
        from mm._core._rust import MexcBookDecoder

        return MexcBookDecoder()


VENUE: Final = MexcSpotFace()
