"""From wanted quotes to commands: gates, strategy, quoter, limits, rate counters. Part of `decide`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mm._core import events as ev
from mm._core.orders import Order, OrderState
from mm.engine.decision import Decision
from mm.oms.quoter import TOO_CLOSE, Step
from mm.risk import Refused
from mm.risk.limits import USD, micro_usd

if TYPE_CHECKING:
    from mm.engine.engine import Engine
    from mm.engine.market import Market
    from mm.quotes import Quote

QUOTABLE: Final = frozenset({"online", "post_only", "limit_only"})
"""States of an instrument or a venue in which resting orders can be placed."""
CANCEL_AGAIN_NS: Final = 1_000_000_000
IN_DOUBT_AGAIN_NS: Final = 5_000_000_000
PATIENT: Final = frozenset({"self-trade", "rate"})
"""Refusals that pass by themselves: the order may stay where it is meanwhile."""
RATE_WAIT_NS: Final = 50_000_000
"""When the rate counter holds a command back: look again soon, its decay is some permits a second."""


class Quoting:
    """Decides for one symbol at a time."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def run(self, now_ns: int, market: Market) -> None:
        """Look at one symbol: bring its orders to what the strategy wants, or take them away."""
        market.changed = False
        market.due_ns = 0
        strategy = market.strategy
        if strategy is None:
            return
        gate, pull_ns = self._gate(now_ns, market)
        engine = self._engine
        market.refresh(engine.orders, now_ns)
        if gate:
            actions: list[str] = []
            if now_ns >= pull_ns:
                self.pull(now_ns, market, gate, actions)
            else:
                market.due_ns = pull_ns
            self._keep(Decision(now_ns, market.venue.name, market.symbol, strategy.name, gate, market.bid, market.ask,
                                market.quantity, None, tuple(actions), ()), market)  # fmt: skip
            return
        state = market.state
        quoting = strategy.quotes(state)
        steps = market.quoter.plan(now_ns, quoting.quotes, quoting.terms.fair, engine.orders)
        sent: tuple[str, ...] = ()
        refused: tuple[str, ...] = ()
        if steps:
            sent, refused = self._carry_out(now_ns, market, steps)
        # The book may go stale without a word; the quotes are pulled then.
        market.due_ns = market.book_ns + engine.settings.limits.book_age_ms_max * 1_000_000 + 1
        for due_ns in (market.quoter.due_ns(), strategy.due_ns(state), now_ns + RATE_WAIT_NS if refused else 0):
            if due_ns and due_ns < market.due_ns:
                market.due_ns = due_ns
        market.changed = False
        self._keep(Decision(now_ns, market.venue.name, market.symbol, strategy.name, "", state.bid, state.ask,
                            market.quantity, quoting, sent, refused), market)  # fmt: skip

    def explain(self, now_ns: int, market: Market) -> Decision:
        """Return the record that `run` would leave, and change nothing.

        Its actions are what would be asked for; each is held against limits and rate counters by itself.
        """
        engine = self._engine
        strategy = market.strategy
        name = strategy.name if strategy is not None else ""
        gate, _ = self._gate(now_ns, market)
        market.refresh(engine.orders, now_ns)
        state = market.state
        if engine.is_stopping:
            gate = f"stopping: {engine.stop_reason}"
        elif strategy is None:
            gate = "no strategy"
        venue, symbol = market.venue.name, market.symbol
        if gate or strategy is None:
            return Decision(now_ns, venue, symbol, name, gate, market.bid, market.ask, market.quantity, None, (), ())
        quoting = strategy.quotes(state)
        others = self._others_micro_usd(market)
        text = market.instrument.price_text
        actions: list[str] = []
        refused: list[str] = []
        for order, quote, reason in market.quoter.plan(now_ns, quoting.quotes, quoting.terms.fair, engine.orders):
            if quote is None:
                actions.append(f"cancel {order.client_id if order is not None else ''}: {reason}")
                continue
            side = "bid" if quote.side > 0 else "ask"
            refusal = self._refusal(now_ns, market, order, quote, reason, others)
            if refusal is not None:
                refused.append(f"{side} at {text(quote.price)}: {refusal.reason}")
            elif order is None:
                actions.append(f"new {side} at {text(quote.price)}")
            else:
                actions.append(f"{side} {order.client_id} to {text(quote.price)}: {reason}")
        return Decision(
            now_ns,
            venue,
            symbol,
            name,
            "",
            state.bid,
            state.ask,
            market.quantity,
            quoting,
            tuple(actions),
            tuple(refused),
        )

    def pull(self, now_ns: int, market: Market, reason: str, actions: list[str]) -> None:
        """Cancel what stands. Cancels are asked again, because the first may be lost with the link."""
        for order in market.orders:
            due_ns = self.cancel(now_ns, order, reason, actions)
            if due_ns and (not market.due_ns or due_ns < market.due_ns):
                market.due_ns = due_ns

    def cancel(self, now_ns: int, order: Order, reason: str, actions: list[str] | None = None) -> int:
        """Cancel one order unless that was just asked; returns when to look again."""
        engine = self._engine
        asked_ns = engine.cancel_asked_ns.get(order.client_id, 0)
        # Each cancel of a young order costs eight points: one in doubt is asked for less often than its points come
        # back.
        again_ns = IN_DOUBT_AGAIN_NS if order.state is OrderState.UNKNOWN else CANCEL_AGAIN_NS
        if asked_ns and now_ns - asked_ns < again_ns:
            return asked_ns + again_ns
        if order.state is OrderState.PENDING_NEW and not order.venue_id and now_ns - order.created_ns < CANCEL_AGAIN_NS:
            # The venue may not know it yet, and would answer that there is no such order.
            return order.created_ns + CANCEL_AGAIN_NS
        engine.emit(ev.Cancel(now_ns, order.venue, order.symbol, order.client_id, order.venue_id, reason))
        if actions is not None:
            actions.append(f"cancel {order.client_id}: {reason}")
        return now_ns + CANCEL_AGAIN_NS

    def _gate(self, now_ns: int, market: Market) -> tuple[str, int]:
        """Why nothing may be quoted ('' when it may), and from when on standing quotes are taken away."""
        engine = self._engine
        venue = market.venue
        limits = engine.settings.limits
        if engine.is_paused:
            return "paused by the operator", now_ns
        if market.problem:
            return market.problem, now_ns
        if not venue.private_up:
            down_ns = venue.private_down_ns
            return "private stream is down", down_ns + limits.private_down_ms_max * 1_000_000
        if market.instrument.status not in QUOTABLE:
            return f"{market.symbol} is {market.instrument.status.replace('_', ' ')}", now_ns
        if venue.status not in QUOTABLE:
            return f"{venue.name} is {venue.status.replace('_', ' ')}", now_ns
        if abs(venue.clock_offset_ns) > venue.settings.clock_offset_ms_max * 1_000_000:
            offset_s = venue.clock_offset_ns / 1e9
            return f"this machine's clock is {abs(offset_s):.1f} s off the venue's: synchronise it", now_ns
        stale_ns = market.book_ns + limits.book_age_ms_max * 1_000_000
        if not market.book_ok:
            return f"no book to quote from: {market.gap}", stale_ns
        if now_ns > stale_ns:
            return f"the book is {(now_ns - market.book_ns) / 1e9:.1f} s old", now_ns
        return "", 0

    def _carry_out(self, now_ns: int, market: Market, steps: list[Step]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        engine = self._engine
        venue = market.venue
        text = market.instrument.price_text
        sent: list[str] = []
        refused: list[str] = []
        others = self._others_micro_usd(market)
        dirty = False
        strategy = market.strategy
        name = strategy.name if strategy is not None else ""
        post_only = self._is_post_only(market)
        for order, quote, reason in steps:
            if quote is None:
                if order is not None:
                    self.cancel(now_ns, order, reason, sent)
                continue
            if dirty:
                # What was just sent counts for what comes next.
                market.refresh(engine.orders, now_ns)
                dirty = False
            side = "bid" if quote.side > 0 else "ask"
            refusal = self._refusal(now_ns, market, order, quote, reason, others)
            if refusal is not None:
                refused.append(f"{side} at {text(quote.price)}: {refusal.reason}")
                if order is not None and refusal.gate not in PATIENT:
                    # The order cannot be moved to where it is safe: better none than one at the wrong price.
                    self.cancel(now_ns, order, refusal.reason, sent)
                continue
            if order is None:
                client_id = engine.ids.peek("quote")
                engine.emit(
                    ev.Place(
                        now_ns,
                        venue.name,
                        market.symbol,
                        client_id,
                        name,
                        "quote",
                        quote.level,
                        quote.side,
                        quote.price,
                        quote.size,
                        "limit",
                        "gtc",
                        post_only,
                        False,
                        "",
                    )
                )
                sent.append(f"{side} {client_id} at {text(quote.price)}")
            else:
                total = order.cum_size + quote.size
                engine.emit(
                    ev.Amend(now_ns, venue.name, market.symbol, order.client_id, order.venue_id, quote.price, total)
                )
                sent.append(f"{side} {order.client_id} moved to {text(quote.price)}: {reason}")
            dirty = True
        return tuple(sent), tuple(refused)

    def _refusal(
        self, now_ns: int, market: Market, order: Order | None, quote: Quote, reason: str, others: int
    ) -> Refused | None:
        """Why a step may not be taken now, by the limits or the venue's rate; None when it may. Changes nothing.

        others: worst case of the other symbols in millionths of a dollar.
        """
        engine = self._engine
        verdict = engine.limits.check(
            market,
            quote.side,
            quote.price,
            quote.size,
            post_only=self._is_post_only(market),
            replaces=order,
            orders_open=engine.orders.n_open,
            others_micro_usd=others,
        )
        if isinstance(verdict, Refused):
            return verdict
        rates = market.limits
        action, age_ns = ("place", 0) if order is None else ("amend", now_ns - order.touched_ns)
        # A quote that stands too close has to get away: an amend costs less than the cancel that it saves.
        urgent = reason == TOO_CLOSE
        if rates is not None and not rates.allows(now_ns, action, age_ns, urgent, len(market.orders)):
            return Refused("rate", "the venue's order rate limit is used up")
        return None

    @staticmethod
    def _is_post_only(market: Market) -> bool:
        strategy = market.strategy
        return bool(getattr(strategy.parameters, "post_only", True)) if strategy is not None else True

    def _others_micro_usd(self, market: Market) -> int:
        """The worst case of every other symbol."""
        markets = self._engine.markets
        if len(markets) == 1:
            return 0
        return sum(self._worst_micro_usd(other) for other in markets.values() if other is not market)

    def _worst_micro_usd(self, market: Market) -> int:
        if market.instrument.quote not in USD:
            return 0
        orders = self._engine.orders
        quantity = market.position.quantity
        buys = orders.open_exposure(market.venue.name, market.symbol, ev.BUY)
        sells = orders.open_exposure(market.venue.name, market.symbol, ev.SELL)
        return micro_usd(market.instrument, max(abs(quantity + buys), abs(quantity - sells)), market.ask)

    def _keep(self, decision: Decision, market: Market) -> None:
        """Keep the record; a gate or a refusal that lasts is one record."""
        last = market.last
        if last is not None and decision.gate and decision.gate == last.gate and not decision.actions:
            return
        market.last = decision
        self._engine.decisions.append(decision)
