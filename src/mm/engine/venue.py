"""One venue as the engine knows it: what it can do, whether we can hear and be heard, and what the account holds."""

from __future__ import annotations

from typing import Protocol

from mm._core._rust import Book
from mm._core.market import VenueCore
from mm.config import VenueSettings
from mm.exchanges.venue import Capabilities


class BookDecoder(Protocol):
    """Applies frames to books; the codes are those of `mm._core._rust.KrakenBookDecoder`."""

    def add(self, symbol: str, book: Book, /) -> int: ...
    def apply(self, frame: bytes, /) -> int: ...
    @property
    def last_index(self) -> int: ...
    @property
    def last_error(self) -> str: ...
    @property
    def last_venue_ns(self) -> int:
        """The venue's time of the last payload, 0 where it told none."""
        ...


class TradingLimits(Protocol):
    """The venue's count of order requests, for one symbol or for the whole account, kept on our side.

    action: "place", "amend" or "cancel"; age_ns: of the order concerned; priority: cancels and hedges, which may use
    the reserve; open_orders: of the symbol, whose cancels the reserve is for.
    """

    def allows(
        self, now_ns: int, action: str, age_ns: int = 0, priority: bool = False, open_orders: int = 0
    ) -> bool: ...
    def charge(self, now_ns: int, action: str, age_ns: int = 0) -> None: ...
    def refund(self, now_ns: int, action: str, age_ns: int = 0) -> None:
        """Take a request back that was counted and never left."""
        ...

    def next_permit_ns(
        self, now_ns: int, action: str, age_ns: int = 0, priority: bool = False, open_orders: int = 0
    ) -> int: ...
    def refused(self, now_ns: int) -> None:
        """The venue says that we are over: it knows better."""
        ...

    def headroom(self, now_ns: int) -> float: ...
    def state_hash(self) -> int: ...


class Face(Protocol):
    """What the engine takes from an exchange's package."""

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> Capabilities: ...
    def book_decoder(self) -> BookDecoder: ...
    def trading_limits(self, tier: str) -> TradingLimits | None:
        """A fresh counter, of one symbol or of the account as the capabilities say, None where the venue has none."""
        ...


class VenueState(VenueCore):
    """One venue during a run; see `VenueCore` for the part that a tick needs.

    seen: when a list or snapshot last told of an own order; foreign: open orders of the account that are not ours;
    armed_s: of the last request for the venue's timer, protected_s: of its last word about it.
    """

    __slots__ = (
        "_account_limits",
        "armed_ns",
        "armed_s",
        "capabilities",
        "face",
        "foreign",
        "protected_s",
        "public_up",
        "seen",
        "settings",
    )

    def __init__(self, face: Face, settings: VenueSettings) -> None:
        super().__init__(face.name, face.book_decoder(), clock_offset_ns_max=settings.clock_offset_ms_max * 1_000_000)
        self.face = face
        self.capabilities = face.capabilities
        self.settings = settings
        self.public_up = False
        self.foreign = 0
        self.armed_ns = 0
        self.armed_s = 0
        self.protected_s = 0
        self.seen: dict[str, int] = {}
        self.named_fills = [] if face.capabilities.renames_fills else None
        self._account_limits: TradingLimits | None = None

    def trading_limits(self) -> TradingLimits | None:
        """The counter that a symbol uses: its own, or the one that all symbols share where the venue counts by account
        (MEXC does, Kraken counts each pair; references: limits)."""
        if not self.capabilities.order_rate_by_account:
            return self.face.trading_limits(self.settings.tier)
        if self._account_limits is None:
            self._account_limits = self.face.trading_limits(self.settings.tier)
        return self._account_limits

    @property
    def may_arm(self) -> bool:
        """Whether the account-wide timer may run: it would cancel foreign orders too."""
        return (
            self.private_up
            and self.capabilities.dead_man_switch
            and self.settings.dead_man_switch_s > 0
            and (self.foreign == 0 or self.settings.accept_account_wide_timer)
        )
