"""The state of a run at one moment, as values: made by the driver, rendered by `lines.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One own order that is open; price and size as plain decimal text.

    distance_bps: from the middle of the market, None without a book.
    """

    side: int
    price: str
    size: str
    state: str
    distance_bps: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketView:
    """One symbol: its book, our quotes, our position and profit.

    Prices as plain decimal text ('' none); quantity in units of 10^-base_precision of the base; average as an exact
    fraction of units of 10^-price_precision; profit parts in units of 10^-cost_precision of the quote currency; fees
    in 1e-12; spread captured + inventory = profit before fees; book_age_ns: -1 no book.
    """

    venue: str
    symbol: str
    base: str
    quote: str
    price_precision: int
    base_precision: int
    bid: str
    ask: str
    book_age_ns: int
    quotes: tuple[Quote, ...]
    quantity: int
    average: tuple[int, int]
    spread_captured: int
    inventory: int
    fees: int
    funding: int | None = None
    """Of a contract: received less paid, in 1e-12."""
    is_watched: bool = False
    """No strategy quotes it."""
    why: str
    """Why there is no quote, or what the present one stands on; may be empty."""

    @property
    def is_idle(self) -> bool:
        """Nothing of ours was ever there, and nothing is meant to be: a rate, or where hedges go in need."""
        return self.is_watched and not (self.quotes or self.quantity or self.fees or self.inventory)

    @property
    def cost_precision(self) -> int:
        """Decimals of price x quantity."""
        return self.price_precision + self.base_precision


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtView:
    """What fills made and no hedge has paid yet.

    amount: in 10^-12 of the base asset, positive when we hold too much; age_ns: of its oldest part, 0 without one;
    paid: by hedges so far, in the same units; cost: of those, in 10^-12 of the quote currency, positive when paid;
    mean_wait_ns: from a fill to its hedge; note: what the policy waits for, or did.
    """

    name: str
    venue: str
    base: str
    quote: str
    amount: int
    age_ns: int
    paid: int
    cost: int
    mean_wait_ns: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsView:
    """One profit over all venues, in 10^-56 dollars; see `mm.inventory.accounts`.

    residual: what the venues last said of their balances less the terms, None while some of them are `unread` in this
    start; left: venues that this run does not read, which count as they were left; held: what the price of base assets
    from before the run did; unvalued: currencies that no rate is known of; rates: where the others have theirs from.
    """

    spread: int
    inventory: int
    fees: int
    hedging: int
    funding: int
    conversion: int
    residual: int | None
    held: int = 0
    unread: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    unvalued: tuple[str, ...] = ()
    rates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciledView:
    """How far our books are the venues'.

    age_ns: since the venue that was read longest ago was read, -1 one never was; differences: found so far;
    unexplained: what halts an instrument, in words; uncompared: what a stop leaves open; waits: venues whose last read
    was not complete.
    """

    age_ns: int
    differences: int
    unexplained: tuple[str, ...] = ()
    uncompared: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything the screen shows. hedges_volume in cents of US dollars; latencies: name -> (p50, p99, most) in ns."""

    elapsed_ns: int
    world: str
    labels: tuple[str, ...]
    orders_total: int
    orders_open: int
    orders_filled: int
    hedges: int
    hedges_volume: int
    debts: tuple[DebtView, ...]
    markets: tuple[MarketView, ...]
    links: tuple[tuple[str, str, bool], ...]
    headroom: tuple[str, ...]
    latencies: tuple[tuple[str, int, int, int], ...]
    accounts: AccountsView | None = None
    ladder: tuple[str, ...] = ()
    """Steps of the kill ladder that are in force, in words."""
    reconciled: ReconciledView | None = None
