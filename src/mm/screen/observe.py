"""The state of an engine as the values that a screen shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mm._core.orders import OrderState
from mm.engine.balances import left, residual, unread
from mm.instruments import AMOUNT_PRECISION
from mm.inventory.accounts import DOLLAR_DIGITS
from mm.screen.amounts import grouped, movement, venue_title
from mm.screen.snapshot import AccountsView, DebtView, MarketView, Quote, ReconciledView, Snapshot

if TYPE_CHECKING:
    from mm.engine import Engine, Market
    from mm.engine.hedging import HedgeDesk
    from mm.instruments import Instrument

CENTS = 2


class Instruments(Mapping[tuple[str, str], "Instrument"]):
    """The engine's instruments by (venue, symbol), as they are now."""

    def __init__(self, engine: Engine) -> None:
        self._markets = engine.markets

    def __getitem__(self, key: tuple[str, str]) -> Instrument:
        return self._markets[key].instrument

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._markets)

    def __len__(self) -> int:
        return len(self._markets)


def observe(
    engine: Engine,
    now_ns: int,
    *,
    started_ns: int,
    world: str,
    labels: tuple[str, ...] = (),
    latencies: tuple[tuple[str, int, int, int], ...] = (),
) -> Snapshot:
    """Return the snapshot of a moment."""
    orders = engine.orders
    links = []
    headroom = []
    for venue in engine.venues.values():
        links.append((venue.name, "public", venue.public_up))
        links.append((venue.name, "private", venue.private_up))
        for market in venue.markets.values():
            # Where nobody sends anything there is nothing to use up.
            if market.limits is not None and (market.strategy is not None or market.orders or market.hedge_fills):
                headroom.append(
                    f"{venue_title(venue.name)} {market.symbol} {market.limits.headroom(now_ns):.0f} order points"
                )
    hedges = [market for market in engine.markets.values() if market.hedge_fills]
    return Snapshot(
        elapsed_ns=now_ns - started_ns,
        world=world,
        labels=labels,
        orders_total=orders.total,
        orders_open=orders.n_open,
        orders_filled=orders.count(OrderState.FILLED),
        hedges=sum(market.hedge_fills for market in hedges),
        hedges_volume=sum(market.hedge_cost * 10**CENTS // 10**market.instrument.cost_precision for market in hedges),
        debts=tuple(_debt(desk, engine, now_ns) for desk in engine.desks.values()),
        # What is quoted first, whichever venue told of its symbols first.
        markets=tuple(
            _market(market, now_ns, engine.accounts.middle2((market.venue.name, market.symbol)))
            for market in sorted(engine.markets.values(), key=lambda each: each.strategy is None)
        ),
        links=tuple(links),
        headroom=tuple(headroom),
        latencies=latencies,
        accounts=accounts(engine),
        reconciled=reconciled(engine, now_ns),
        ladder=tuple(engine.ladder.lines()),
    )


def _is_watched(market: Market) -> bool:
    return market.strategy is None


def reconciled(engine: Engine, now_ns: int) -> ReconciledView:
    """How far our books are the venues' at this moment."""
    reconciling = engine.reconciling
    oldest_ns = min((each.read_ns for each in reconciling.reads.values()), default=0)
    return ReconciledView(
        age_ns=now_ns - oldest_ns if oldest_ns else -1,
        differences=reconciling.count,
        unexplained=tuple(f"{venue} {what} {subject}" for venue, what, subject in sorted(reconciling.unexplained)),
        uncompared=tuple(f"{key[0]} {key[2]}" for key, (amount, _) in sorted(reconciling.uncompared.items()) if amount),
        waits=tuple(name for name, each in reconciling.reads.items() if each.read_ns and not each.is_complete),
    )


def accounts(engine: Engine) -> AccountsView:
    """The profit over all venues at this moment."""
    terms = engine.accounts.terms()
    return AccountsView(
        spread=terms.spread,
        inventory=terms.inventory,
        fees=terms.fees,
        hedging=terms.hedging,
        funding=terms.funding,
        conversion=terms.conversion,
        residual=None if unread(engine) else round(residual(engine) * 10**DOLLAR_DIGITS),
        unread=unread(engine),
        left=left(engine),
        held=terms.held,
        unvalued=terms.unvalued,
        rates=engine.accounts.sources(),
    )


def _debt(desk: HedgeDesk, engine: Engine, now_ns: int) -> DebtView:
    ledger = desk.ledger
    totals = ledger.totals.values()
    market = engine.markets.get(desk.hedge)
    oldest_ns = ledger.oldest_ns()
    amount = sum(each.amount for each in totals)
    return DebtView(
        name=desk.settings.name,
        venue=desk.settings.hedge,
        base=desk.settings.symbol.partition("/")[0],
        quote=market.instrument.quote if market is not None else "",
        amount=ledger.net,
        age_ns=now_ns - oldest_ns if oldest_ns else 0,
        paid=sum(ledger.paid.values()),
        # Doubled and in 10^-24: halved, and cut to what money is shown in.
        cost=sum(each.cost2 for each in totals) // (2 * 10**AMOUNT_PRECISION),
        mean_wait_ns=sum(each.waited for each in totals) // amount if amount else 0,
        note=desk.note,
    )


def _market(market: Market, now_ns: int, valued2: int) -> MarketView:
    """valued2: twice what it is valued at, in ticks, also without a book."""
    instrument = market.instrument
    profit = market.profit
    middle2 = market.middle2
    # Halves of a unit are below what is shown; spread and inventory still add up because the total is halved once.
    total = instrument.money(profit.total2(valued2)) // 2
    spread = instrument.money(profit.spread2) // 2
    fees = sum(amount for asset, amount in market.position.fees.items() if asset == instrument.quote)
    return MarketView(
        venue=market.venue.name,
        symbol=market.symbol,
        base=instrument.base,
        quote=instrument.quote,
        price_precision=instrument.price_precision,
        base_precision=instrument.base_precision,
        bid=instrument.price_text(market.bid) if market.bid else "",
        ask=instrument.price_text(market.ask) if market.ask else "",
        book_age_ns=now_ns - market.book_ns if market.book_ns else -1,
        quotes=tuple(
            Quote(
                side=order.side,
                price=instrument.price_text(order.price),
                size=instrument.base_text(order.leaves),
                state=order.state.name,
                distance_bps=(2 * order.price / middle2 - 1) * 10_000 if middle2 else None,
            )
            for order in sorted(market.venue_orders(), key=lambda order: -order.price)
        ),
        quantity=instrument.base_units(market.position.held),
        average=market.position.average_price_exact,
        spread_captured=spread,
        inventory=total - spread,
        fees=fees,
        funding=market.perpetual.funding.get(instrument.settle, 0) if market.perpetual is not None else None,
        is_watched=market.strategy is None,
        why=_why(market),
    )


def _why(market: Market) -> str:
    last = market.last
    if last is None:
        return _margin(market)
    if last.gate:
        return f"not quoting: {last.gate}"
    if last.quoting is None:
        return ""
    terms = last.quoting.terms
    price = market.instrument.price_float
    skew = movement(price(-terms.skew))
    text = f"fair {price(terms.fair):,.2f}, half spread {price(terms.half_spread):.2f}, skew {skew}"
    notes = [f"{side} {note}" for side, note in (("bid", terms.bid_note), ("ask", terms.ask_note)) if note]
    return "; ".join([text, *notes, *last.refused[:1]])


def _margin(market: Market) -> str:
    """Where the venue would take a contract's position over: `liquidation at 54,000.00, 10.01 % away; ...`."""
    perpetual = market.perpetual
    nearest = perpetual.nearest() if perpetual is not None else None
    if perpetual is None or nearest is None:
        return ""
    distance_e8, report = nearest
    price = grouped(report.liquidation_price_e12, AMOUNT_PRECISION, CENTS)
    text = f"liquidation at {price}, {distance_e8 / 1e6:.2f} % away"
    rate = f"; funding rate {perpetual.rate_e12 / 1e10:+.4f} %" if perpetual.settle_ns else ""
    return text + rate + ("; IN DANGER: being reduced" if perpetual.danger else "")
