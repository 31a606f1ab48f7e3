"""A `Snapshot` as lines of text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mm.screen.amounts import grouped, money, plain, ratio, rounded, shown_parts, thousands, trimmed, venue_title
from mm.screen.snapshot import AccountsView, DebtView, MarketView, ReconciledView, Snapshot

AMOUNT_PRECISION = 12
DOLLAR_DIGITS = 56
ROUNDING = 10**50
"""A millionth of a dollar: thousands of partial closes of contracts, each cut by a venue to 10^-10 dollars."""
CENTS = 2
TERMS = ("spread captured", "inventory", "fees", "hedge cost", "funding", "conversion")


def summary(snapshot: Snapshot) -> list[str]:
    """The monitoring lines: orders, hedges, and for each market the position and what its profit is made of."""
    lines = [
        f"Orders: {snapshot.orders_total:,} total, {snapshot.orders_open:,} open, {snapshot.orders_filled:,} filled",
        f"Hedges: {snapshot.hedges:,} fills, {money(snapshot.hedges_volume, 2, 'USD')} volume",
    ]
    lines += [debt(each) for each in snapshot.debts]
    for market in snapshot.markets:
        if market.is_idle:
            continue
        where = f" on {venue_title(market.venue)}" if len(snapshot.markets) > 1 else ""
        lines.append(position(market) + where)
        lines.append(profit(market) + where)
    if snapshot.accounts is not None and len(snapshot.markets) > 1:
        lines.append(accounts(snapshot.accounts))
    return lines


def accounts(view: AccountsView) -> str:
    """`Profit over all venues: +$1.20 = spread captured +$2.10, ...; the venues' balances say the same`."""
    total, parts = accounts_parts(view)
    shown = ", ".join(f"{name} {money(cents, CENTS, 'USD', sign=True)}" for name, cents in parts)
    text = f"Profit over all venues: {money(total, CENTS, 'USD', sign=True)} = {shown}"
    return "; ".join([text, *accounts_notes(view)])


def accounts_parts(view: AccountsView) -> tuple[int, list[tuple[str, int]]]:
    """The profit over all venues and its six terms in cents, which add up as they are shown."""
    terms = (view.spread, view.inventory, view.fees, view.hedging, view.funding, view.conversion)
    total, parts = shown_parts(terms, DOLLAR_DIGITS, CENTS)
    return total, list(zip(TERMS, parts, strict=True))


def accounts_notes(view: AccountsView) -> list[str]:
    """Where its rates come from, what is missing in it, and whether the venues' balances say the same."""
    notes = [rate for rate in view.rates if rate != "USD"]
    notes += [f"without {name}, which has no rate in dollars" for name in view.unvalued]
    if view.residual is None:
        waits = ", ".join(map(venue_title, view.unread))
        return [*notes, f"not compared with the venues' balances yet: {waits} not read in this run"]
    if 0 < abs(view.residual) < ROUNDING:
        notes.append("the venues' balances say the same, but for the digits of a contract's cost that they cut")
    elif view.residual:
        exact = plain(view.residual, DOLLAR_DIGITS)
        notes.append(f"the venues' balances say {money(view.residual, DOLLAR_DIGITS, 'USD', sign=True)} more ({exact})")
    else:
        notes.append("the venues' balances say the same to the last digit")
    if view.left:
        notes[-1] += f", with what earlier runs left at {', '.join(map(venue_title, view.left))} (not read)"
    return notes


def residual(view: AccountsView) -> str:
    """Short for whether the venues' balances say the same: `residual 0`; and what no rate is known of."""
    if view.residual is None:
        text = "residual not known yet"
    elif not view.residual:
        text = "residual 0"
    elif abs(view.residual) < ROUNDING:
        text = "residual below $0.000001"
    else:
        text = f"residual {money(view.residual, DOLLAR_DIGITS, 'USD', sign=True)}"
    return f"{text}; without {', '.join(view.unvalued)}" if view.unvalued else text


def counts(snapshot: Snapshot) -> str:
    """Orders and hedges in one row."""
    orders = f"Orders: {snapshot.orders_total:,}, {snapshot.orders_open:,} open, {snapshot.orders_filled:,} filled"
    return f"{orders}; hedges: {snapshot.hedges:,} fills, {money(snapshot.hedges_volume, 2, 'USD')}"


def positions(markets: Iterable[MarketView]) -> str:
    """`Position: 0.02 BTC on Kraken, -0.02 BTC on MEXC Futures`."""
    held = (
        f"{plain(market.quantity, market.base_precision)} {market.base} on {venue_title(market.venue)}"
        for market in markets
    )
    return f"Position: {', '.join(held)}"


def debt(view: DebtView, *, is_short: bool = False) -> str:
    """`Hedge debt: 0.0012 BTC, 3.2 s old; hedged 0.05 BTC at a cost of 1.20 USDT, 210 ms after the fills; MEXC ...`;
    is_short: without what was hedged."""
    held = "" if view.amount >= 0 else " short"
    open_now = f"{amount(view.amount)} {view.base}{held}, {age(view.age_ns)} old" if view.amount else "none"
    text = f"Hedge debt: {open_now}"
    if view.paid and not is_short:
        cost = money(view.cost, AMOUNT_PRECISION, view.quote, places=2)
        text += f"; hedged {amount(view.paid)} {view.base} at a cost of {cost}"
        text += f", {age(view.mean_wait_ns)} after the fills"
    return f"{text}; {venue_title(view.venue)}: {view.note}" if view.note else text


def amount(units: int) -> str:
    """An amount of 10^-12 as plain text without trailing zeros."""
    return trimmed(plain(abs(units), AMOUNT_PRECISION))


def position(market: MarketView) -> str:
    """`Position: 0.0234 BTC (avg entry: $50,123.45)`."""
    text = f"Position: {plain(market.quantity, market.base_precision)} {market.base}"
    if not market.quantity:
        return text + " (flat)"
    average = ratio(*market.average, market.price_precision, 2)
    return text + f" (avg entry: {'$' + average if market.quote == 'USD' else f'{average} {market.quote}'})"


def profit(market: MarketView) -> str:
    """`Profit: +$1.20 = spread captured +$2.10, inventory -$0.50, fees -$0.40`."""
    total, parts = profit_parts(market)
    shown = ", ".join(f"{name} {money(cents, CENTS, market.quote, sign=True)}" for name, cents in parts)
    return f"Profit: {money(total, CENTS, market.quote, sign=True)} = {shown}"


def profit_parts(market: MarketView) -> tuple[int, list[tuple[str, int]]]:
    """The profit and its parts in hundredths of the quote currency, which add up as they are shown."""
    fees = -rounded(market.fees, AMOUNT_PRECISION, market.cost_precision)
    terms = {"spread captured": market.spread_captured, "inventory": market.inventory, "fees": fees}
    if market.funding is not None:
        terms["funding"] = rounded(market.funding, AMOUNT_PRECISION, market.cost_precision)
    total, parts = shown_parts(tuple(terms.values()), market.cost_precision, CENTS)
    return total, list(zip(terms, parts, strict=True))


def market_lines(market: MarketView) -> list[str]:
    """Best prices, our quotes around them, and the age of the book."""
    name = f"{venue_title(market.venue)} {market.symbol}"
    if market.book_age_ns < 0 or not market.bid or not market.ask:
        lines = [f"{name}: no book"]
    else:
        lines = [f"{name}: {thousands(market.bid)} / {thousands(market.ask)}, book {age(market.book_age_ns)} old"]
    for side, word in ((1, "bid"), (-1, "ask")) if not market.is_watched or market.quotes else ():
        quotes = [quote for quote in market.quotes if quote.side == side]
        shown = ", ".join(f"{trimmed(quote.size)} at {thousands(quote.price)}{_state(quote.state)}" for quote in quotes)
        lines.append(f"  our {word}s: {shown or 'none'}")
    if market.why:
        lines.append(f"  {market.why}")
    return lines


def _state(state: str) -> str:
    return "" if state in ("NEW", "PARTIALLY_FILLED") else f" ({state.lower().replace('_', ' ')})"


def details(snapshot: Snapshot) -> list[str]:
    """Links, rate headroom and latencies."""
    links = ", ".join(f"{venue} {channel} {'up' if up else 'DOWN'}" for venue, channel, up in snapshot.links)
    lines = [f"Links: {links}"] if links else []
    if snapshot.reconciled is not None:
        lines.append(reconciled(snapshot.reconciled))
    lines += [f"Rate headroom: {text}" for text in snapshot.headroom]
    for name, p50, p99, most in snapshot.latencies:
        lines.append(f"{name}: p50 {spent(p50)}, p99 {spent(p99)}, max {spent(most)}")
    return lines


def reconciled(view: ReconciledView) -> str:
    """`Reconciled 12 s ago, no differences`; what is unexplained comes first."""
    left = f"NOT COMPARED: {', '.join(view.uncompared)} (mm reconcile)" if view.uncompared else ""
    if view.unexplained:
        halted = f"HALTED, NOT EXPLAINED: {', '.join(view.unexplained)} (mm reconcile)"
        return f"{halted}; {left}" if left else halted
    if left:
        return left
    if view.age_ns < 0:
        return "Reconciled: not with every venue yet"
    count = view.differences
    found = f"{count:,} difference{'s' if count > 1 else ''} so far, all explained" if count else "no differences"
    waits = f"; not complete: {', '.join(view.waits)}" if view.waits else ""
    return f"Reconciled {view.age_ns / 1e9:.0f} s ago, {found}{waits}"


def spent(nanoseconds: int) -> str:
    """A latency: `12.3 us`, `1.20 ms`."""
    return f"{nanoseconds / 1000:.1f} us" if nanoseconds < 1_000_000 else f"{nanoseconds / 1e6:.2f} ms"


def age(nanoseconds: int) -> str:
    """How old something is: `12 ms`, `3.4 s`."""
    return f"{nanoseconds / 1e6:.0f} ms" if nanoseconds < 1_000_000_000 else f"{nanoseconds / 1e9:.1f} s"


def block(snapshot: Snapshot) -> list[str]:
    """One report of a run that is not on a terminal."""
    lines = [f"--- {snapshot.elapsed_ns / 1e9:.0f} s", *snapshot.ladder, *summary(snapshot)]
    for market in snapshot.markets:
        lines += market_lines(market)
    return [*lines, *details(snapshot)]


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """The report as plain values; amounts are decimal text."""
    return {
        "type": "status",
        "elapsed_s": round(snapshot.elapsed_ns / 1e9, 3),
        "world": snapshot.world,
        "orders": {
            "total": snapshot.orders_total,
            "open": snapshot.orders_open,
            "filled": snapshot.orders_filled,
        },
        "hedges": {"executed": snapshot.hedges, "volume_usd": grouped(snapshot.hedges_volume, 2, 2).replace(",", "")},
        "debts": [_debt_json(view) for view in snapshot.debts],
        "profit": accounts_json(snapshot.accounts) if snapshot.accounts is not None else None,
        "markets": [_market_json(market) for market in snapshot.markets],
        "reconciled": _reconciled_json(snapshot.reconciled) if snapshot.reconciled is not None else None,
        "ladder": list(snapshot.ladder),
        "links": [{"venue": venue, "channel": channel, "up": up} for venue, channel, up in snapshot.links],
        "headroom": list(snapshot.headroom),
        "latency_ns": {name: {"p50": p50, "p99": p99, "max": most} for name, p50, p99, most in snapshot.latencies},
    }


def accounts_json(view: AccountsView) -> dict[str, Any]:
    """The profit over all venues in dollars, exact decimal text; residual 0 when the balances say the same, null
    while venues are not read."""
    terms = (view.spread, view.inventory, view.fees, view.hedging, view.funding, view.conversion)
    return {
        "total": plain(sum(terms), DOLLAR_DIGITS),
        **{name.replace(" ", "_"): plain(each, DOLLAR_DIGITS) for name, each in zip(TERMS, terms, strict=True)},
        "held_before": plain(view.held, DOLLAR_DIGITS),
        "residual": plain(view.residual, DOLLAR_DIGITS) if view.residual is not None else None,
        "not_read": list(view.unread or view.left),
        "unvalued": list(view.unvalued),
        "rates": list(view.rates),
    }


def _reconciled_json(view: ReconciledView) -> dict[str, Any]:
    return {
        "age_s": round(view.age_ns / 1e9, 3) if view.age_ns >= 0 else None,
        "differences": view.differences,
        "unexplained": list(view.unexplained),
        "not_compared": list(view.uncompared),
        "not_complete": list(view.waits),
    }


def _debt_json(view: DebtView) -> dict[str, Any]:
    return {
        "name": view.name,
        "venue": view.venue,
        "asset": view.base,
        "open": plain(view.amount, AMOUNT_PRECISION),
        "age_s": round(view.age_ns / 1e9, 3),
        "paid": plain(view.paid, AMOUNT_PRECISION),
        "cost": plain(view.cost, AMOUNT_PRECISION),
        "cost_asset": view.quote,
        "mean_wait_s": round(view.mean_wait_ns / 1e9, 3),
        "note": view.note,
    }


def _market_json(market: MarketView) -> dict[str, Any]:
    cost = market.cost_precision
    return {
        "venue": market.venue,
        "symbol": market.symbol,
        "bid": market.bid,
        "ask": market.ask,
        "book_age_ms": round(market.book_age_ns / 1e6, 1) if market.book_age_ns >= 0 else None,
        "quotes": [
            {
                "side": "buy" if quote.side > 0 else "sell",
                "price": quote.price,
                "size": quote.size,
                "state": quote.state,
            }
            for quote in market.quotes
        ],
        "position": plain(market.quantity, market.base_precision),
        "average_price": (
            ratio(*market.average, market.price_precision, market.price_precision + 2).replace(",", "")
            if market.quantity
            else None
        ),
        "profit": {
            "spread_captured": plain(market.spread_captured, cost),
            "inventory": plain(market.inventory, cost),
            "fees": plain(-market.fees, AMOUNT_PRECISION),
            **({} if market.funding is None else {"funding": plain(market.funding, AMOUNT_PRECISION)}),
        },
        "why": market.why,
    }
