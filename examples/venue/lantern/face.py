"""What `mm` takes from this package: what the venue is called, what it can do, where it is, and makers of its parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from examples.venue.lantern.books import LanternBooks
from examples.venue.lantern.codec import LanternCodec
from examples.venue.lantern.session import LanternSession
from examples.venue.lantern.terms import NAME
from mm.exchanges.plain_limits import CallRate, OrderRate
from mm.exchanges.venue import Capabilities
from mm.instruments import Instrument


class LanternFace:
    """See the module's text."""

    name: Final = NAME
    title: Final = "Lantern"
    entry_maker_fee_bps: Final = 10
    capabilities: Final = Capabilities(
        amend=True,
        batch_place_max=1,
        batch_cancel_max=1,
        dead_man_switch=False,
        post_only=True,
        reduce_only=False,
        client_id_length_max=36,
    )
    rest_url: Final = "https://api.lantern.invalid"
    public_url: Final = "wss://ws.lantern.invalid/public"
    private_url: Final = "wss://ws.lantern.invalid/private"

    def codec(
        self, key: str = "", secret: str = "", *, symbols: Iterable[str] = (), instruments: Iterable[Instrument] = ()
    ) -> LanternCodec:
        """Return a codec; without a key it reads public data only."""
        return LanternCodec(key, secret, symbols=symbols, instruments=instruments)

    def session(
        self,
        codec: LanternCodec,
        symbols: Sequence[str],
        *,
        public_url: str = public_url,
        private_url: str = "",
        owner: str = "mm",
        depth: int = 0,
        ticker: bool = False,
        seed: int = 0,
    ) -> LanternSession:
        """Return the session rules of one link. depth, ticker, seed: of other venues; nothing to choose."""
        return LanternSession(codec, symbols, public_url=public_url, private_url=private_url, owner=owner)

    def trading_limits(self, tier: str) -> OrderRate | None:
        """Return the count of order requests of one symbol: the venue allows 20 a second."""
        return None if tier == "unlimited" else OrderRate(20, reserve=5)

    def call_counter(self, tier: str) -> CallRate:
        """Return the count of private REST calls: the venue allows 50 a second."""
        return CallRate(50, reserve=20)

    def book_decoder(self) -> LanternBooks:
        """Return a decoder of book messages."""
        return LanternBooks()


VENUE: Final = LanternFace()
