"""A seeded session in memory that leaves an order log worth auditing: makers, takers, amends, modes, expiries.

    python tools/audit_session.py orders.jsonl [--minutes 5] [--seed 1]

Two accounts quote and take on the shipped recording under virtual time. `make audit-fills` runs this, then
`tools/audit_fills.py` on the log.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path

from mm.simulator.exchange import Exchange
from mm.simulator.ledger import DECIMALS
from mm.simulator.market import btc_usd
from mm.simulator.orders import (
    BUY,
    SELL,
    BookChange,
    NewOrder,
    OrderType,
    Refusal,
    SelfTrade,
    SimOrder,
    TimeInForce,
)
from mm.simulator.tape import builtin

SYMBOL = "BTC/USD"
STEP_NS = 50_000_000
QUOTE_SIZE = 200_000
LEVELS = 3


class Session:
    """The bot's account keeps quotes near the best prices; the other account does everything else that is allowed."""

    def __init__(self, log: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.file = log.open("w")
        tape = builtin()
        self._write({"event": "tape", "path": str(tape.path)})
        self.exchange = Exchange(
            [btc_usd()], entries=tape.replay(), tape_symbol=SYMBOL, speed=1.0, seed=seed, log=self._write
        )
        for account in ("bot", "other"):
            self.exchange.deposit(0, account, "USD", 10**7 * 10**DECIMALS)
            self.exchange.deposit(0, account, "BTC", 100 * 10**DECIMALS)
        self.shown: dict[int, dict[int, int]] = {BUY: {}, SELL: {}}
        self.quotes: dict[tuple[int, int], SimOrder] = {}
        self.others: list[SimOrder] = []
        self.now_ns = 0

    def _write(self, entry: dict[str, object]) -> None:
        self.file.write(json.dumps(entry) + "\n")

    def run(self, minutes: float) -> None:
        """Go through so much of the tape, with a halt in its middle."""
        steps = int(minutes * 60_000_000_000 / STEP_NS)
        for step in range(steps):
            self.now_ns += STEP_NS
            if step == steps // 2:
                self.exchange.set_status(self.now_ns, SYMBOL, "post_only")
            elif step == steps // 2 + 40:
                self.exchange.set_status(self.now_ns, SYMBOL, "online")
            self.exchange.advance(self.now_ns)
            self.exchange.drain_reports()
            for change in self.exchange.drain_market():
                if isinstance(change, BookChange):
                    self.shown[change.side][change.price] = change.size
            if step % 4 == 0:
                self._quote()
            if self.random.random() < 0.05:
                self._disturb()
        self.exchange.end_log()
        self.file.close()

    def _best(self, side: int) -> int:
        prices = [price for price, size in self.shown[side].items() if size]
        return max(prices) if side == BUY else min(prices)

    def _quote(self) -> None:
        for side in (BUY, SELL):
            best = self._best(side)
            for level in range(LEVELS):
                price = best - side * level * 15
                order = self.quotes.get((side, level))
                if order is None or not order.leaves:
                    placed = self.exchange.place(
                        self.now_ns,
                        NewOrder("bot", SYMBOL, side, QUOTE_SIZE * (level + 1), price, post_only=True),
                    )
                    if not isinstance(placed, Refusal):
                        self.quotes[side, level] = placed
                elif abs(order.price - price) > 5:
                    self.exchange.amend(self.now_ns, order.order_id, price=price, post_only=True)
                elif self.random.random() < 0.02:
                    self.exchange.amend(self.now_ns, order.order_id, size=order.size - order.size // 10)
                elif self.random.random() < 0.02:
                    self.exchange.cancel(self.now_ns, order.order_id, "User requested")

    def _disturb(self) -> None:
        draw = self.random
        side = draw.choice((BUY, SELL))
        opposite = self._best(-side)
        time_in_force = draw.choice(list(TimeInForce))
        order_type = draw.choice((OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET))
        if order_type is OrderType.MARKET:
            time_in_force = TimeInForce.IOC
        placed = self.exchange.place(
            self.now_ns,
            NewOrder(
                "other",
                SYMBOL,
                side,
                draw.randrange(5_000, 3_000_000 if draw.random() < 0.9 else 1_000_000_000),
                opposite + side * draw.randrange(-30, 10) if order_type is OrderType.LIMIT else 0,
                order_type,
                time_in_force,
                self_trade=draw.choice(list(SelfTrade)),
                expire_ns=self.now_ns + draw.randrange(1, 5_000_000_000) if time_in_force is TimeInForce.GTD else 0,
            ),
        )
        if not isinstance(placed, Refusal):
            self.others.append(placed)
        self.others = [order for order in self.others if order.leaves][-20:]
        if self.others and draw.random() < 0.5:
            order = draw.choice(self.others)
            self.exchange.amend(
                self.now_ns,
                order.order_id,
                price=order.price + draw.randrange(-9, 10),
                size=draw.randrange(1, 2_000_000),
            )


def main(arguments: list[str]) -> int:
    """Run; returns the exit status."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("log", type=Path, help="where the order log goes")
    parser.add_argument("--minutes", type=float, default=5.0, help="of the tape")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    options.log.parent.mkdir(parents=True, exist_ok=True)
    session = Session(options.log, options.seed)
    session.run(options.minutes)
    for account in ("bot", "other"):
        trades = session.exchange.trades(account)
        makers = sum(trade.maker for trade in trades)
        print(f"session: {account} {len(trades)} fills, {makers} as maker, in {options.minutes:g} min of the tape")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
