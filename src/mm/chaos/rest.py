"""At rest the books are the venues': what the judge holds against their ledgers when nothing is on its way (I4, I5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from mm.simulator.kinds import ACCOUNT

if TYPE_CHECKING:
    from mm.chaos.checker import Checker

SCALE: Final = 12
READS: Final = 2


def together(checker: Checker) -> None:
    """What holds for all venues at once."""
    there = {
        (name, order.request.client_id)
        for name, venue in checker.venues.items()
        for order in venue.exchange.open_orders(ACCOUNT)
    }
    ghosts = sorted(f"{venue} {client_id}" for venue, client_id in set(checker.bot.open_orders()) - there)
    if ghosts and checker._stopped_ns:
        checker.broken("I2", "", "ghosts", f"the bot still counts {', '.join(ghosts)}, no venue does")
    debt = checker.bot.debt()
    if debt is not None:
        held = sum(checker.left(name) - _unread(checker, name) * _scale(checker, name) for name in checker.venues)
        if held != debt:
            checker.broken("I5", "", "debt", f"{held} held over all venues, owed are {debt} (10^-{SCALE})")


def of_venue(checker: Checker, name: str, exchange: Any) -> None:
    """What holds for one venue: executions, position, money and fees."""
    traded = checker._sides[name].traded
    believed = checker.bot.positions().get((name, traded.symbol))
    trades = checker.own_trades(name)
    written = checker._executions.get((name, traded.symbol), {})
    happened = {trade.execution_id: trade.side * trade.size for trade in trades}
    for missing in sorted(happened.keys() - written.keys()):
        checker.broken("I4", name, missing, f"execution {missing} was never booked")
    for invented in sorted(written.keys() - happened.keys()):
        checker.broken("I4", name, invented, f"execution {invented} is booked, the venue has none")
    unread = _unread(checker, name)
    held = checker.position(name) - unread
    if believed is None:
        if held:
            checker.broken("I5", name, "position", f"{held} held, nothing is booked")
        return
    quantity, cash, fees = believed
    booked = sum(written.values()) + checker._sides[name].external - unread
    if quantity != booked and booked == held:
        checker.broken("I4", name, "position", f"executions make {booked}, booked are {quantity}")
    elif quantity != held:
        checker.broken("I5", name, "position", f"{held} held, {quantity} booked")
    if name in checker.untold:
        return
    if not traded.contract:
        paid = -sum(trade.side * trade.cost for trade in trades)
        if cash != paid:
            checker.broken("I5", name, "cash", f"trades moved {paid}, booked are {cash}")
    _fees(checker, name, exchange, fees)


def _unread(checker: Checker, name: str) -> int:
    """What was taken of a position with no push of it, and that the bot may be without, and is: it has not had two
    whole reads since, which it takes to believe a list. In units of size, signed."""
    side = checker._sides[name]
    hidden = [
        (taken_ns, size)
        for taken_ns, size in side.taken
        if taken_ns in checker.hidden.get(name, ()) and checker.transfers.reads(name, taken_ns) < READS
    ]
    quantity = checker.bot.positions().get((name, side.traded.symbol), (0,))[0]
    without = sum(size for _, size in hidden)
    return without if quantity == checker.position(name) - without else 0


def _scale(checker: Checker, name: str) -> int:
    return int(10 ** (SCALE - checker.traded(name).size_precision))


def _fees(checker: Checker, name: str, exchange: Any, booked: Mapping[str, int]) -> None:
    ledger = exchange.ledger
    fees: dict[str, int] = {}
    for entry in ledger.entries:
        if entry.account == ACCOUNT and entry.fee:
            amount = entry.fee * 10 ** (SCALE - ledger.decimals(entry.asset))
            fees[entry.asset] = fees.get(entry.asset, 0) + amount
    ours = {asset: fee for asset, fee in booked.items() if fee}
    if ours != fees:
        checker.broken("I5", name, "fees", f"fees were {fees}, booked are {ours}")
