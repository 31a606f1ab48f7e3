"""What the rest of the system takes from this package, and nothing that runs before it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from mm.exchanges.venue import Capabilities

if TYPE_CHECKING:
    from mm._core._rust import MexcFuturesBookDecoder
    from mm.exchanges.mexc_futures.codec import MexcFuturesCodec
    from mm.exchanges.mexc_futures.limits import MexcFuturesCalls, MexcFuturesLimits
    from mm.exchanges.mexc_futures.session import MexcFuturesSession
    from mm.exchanges.mexc_futures.terms import TradingMode
    from mm.instruments import Instrument


class MexcFuturesFace:
    """MEXC Futures: its name, what it can do, where it is, and makers of its parts."""

    name: Final = "mexc_futures"
    title: Final = "MEXC Futures"
    capabilities: Final = Capabilities(
        # Changing an order gives it a new id, and is not possible in one-way mode; batches are for market makers.
        amend=False,
        batch_place_max=1,
        batch_cancel_max=50,
        dead_man_switch=False,
        post_only=True,
        reduce_only=True,
        client_id_length_max=32,
        order_rate_by_account=True,
        margin=True,
    )
    rest_url: Final = "https://api.mexc.com"
    public_url: Final = "wss://contract.mexc.com/edge"
    private_url: Final = "wss://contract.mexc.com/edge"

    def trading_mode(self, position_mode: str, margin_mode: str, leverage: int) -> TradingMode:
        """Return how the account is meant to be set up; an empty text: one-way, cross. Raises ConfigError."""
        from mm.exchanges.mexc_futures.terms import TradingMode

        return TradingMode(position_mode or "one_way", margin_mode or "cross", leverage)

    def codec(
        self,
        key: str = "",
        secret: str = "",
        *,
        symbols: Iterable[str] = (),
        instruments: Iterable[Instrument] = (),
        mode: TradingMode | None = None,
    ) -> MexcFuturesCodec:
        """Return a codec; without a key it reads public data only. Raises ConfigError for a secret that is none.

        symbols: whose contracts the engine is told of (none: all); instruments: known beforehand; mode: how the account
        is set up, none: one-way, cross margin, any leverage.
        """
        from mm.exchanges.mexc_futures.codec import MexcFuturesCodec

        return MexcFuturesCodec(key, secret, symbols=symbols, instruments=instruments, mode=mode)

    def session(
        self,
        codec: MexcFuturesCodec,
        symbols: Sequence[str],
        *,
        public_url: str = public_url,
        private_url: str = "",
        owner: str = "mm",
        depth: int = 0,
        ticker: bool = True,
        seed: int = 0,
        merged: bool = False,
    ) -> MexcFuturesSession:
        """Return the session rules of one link; without a private address there is no private channel.

        owner: how client ids of own orders begin; depth, ticker and seed: taken for the sake of the other venues (the
        stream is of the whole book, the ticker carries the mark price, nothing is drawn by chance); merged: changes of
        200 ms in one push.
        """
        from mm.exchanges.mexc_futures.session import MexcFuturesSession

        return MexcFuturesSession(
            codec, symbols, public_url=public_url, private_url=private_url, owner=owner, merged=merged
        )

    def trading_limits(self, tier: str) -> MexcFuturesLimits | None:
        """Return the count of order requests of one symbol, None for the tier without limit."""
        from mm.exchanges.mexc_futures.limits import MexcFuturesLimits

        return None if tier == "unlimited" else MexcFuturesLimits()

    def call_counter(self, tier: str) -> MexcFuturesCalls:
        """Return the count of the account's private REST reads; the venue has no tiers."""
        from mm.exchanges.mexc_futures.limits import MexcFuturesCalls

        return MexcFuturesCalls()

    def book_decoder(self) -> MexcFuturesBookDecoder:
        """Return a decoder of book frames, snapshots and lists of changes."""
        from mm._core._rust import MexcFuturesBookDecoder

        return MexcFuturesBookDecoder()


VENUE: Final = MexcFuturesFace()
