"""What would be decided, and on what, without doing it: for `mm why`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from mm._core.decision import Act, Decision

if TYPE_CHECKING:
    from mm.engine.engine import Engine
    from mm.engine.market import Market


def explain(engine: Engine, now_ns: int, market: Market) -> Decision:
    """Return the record that a decision would leave, and change nothing.

    Its actions are what would be asked for; each is held against limits and rate counters by itself.
    """
    strategy = market.strategy
    gate = engine.gate(now_ns, market)
    market.refresh(engine.orders, now_ns)
    if engine.is_stopping:
        gate = f"stopping: {engine.stop_reason}"
    elif strategy is None:
        gate = "no strategy"
    venue, symbol, name = market.venue.name, market.symbol, market.strategy_name
    if gate or strategy is None:
        return Decision(now_ns, venue, symbol, name, gate, market.bid, market.ask, market.quantity, None, (), ())
    state = market.state
    engine.look_around(now_ns, market)
    quoting = engine.curbed(market, strategy.quotes(state))
    others = engine.others_micro_usd(market)
    instrument = market.instrument
    acts: list[Act | str] = []
    refused: list[str] = []
    for step in market.quoter.plan(now_ns, quoting.quotes, quoting.terms.fair, engine.orders):
        order, quote = step.order, step.quote
        if quote is None:
            acts.append(f"cancel {order.client_id if order is not None else ''}: {step.reason}")
            continue
        side = "bid" if quote.side > 0 else "ask"
        plain = instrument.price_text(quote.price)
        # As the lines above it have prices: for people.
        price = f"{Decimal(plain):,}"
        refusal = engine.refusal(now_ns, market, order, quote, step.reason, others)
        if refusal is not None:
            refused.append(f"{side} at {price}: {refusal.reason.replace(plain, price)}")
        elif order is None:
            acts.append(f"new {side} at {price}")
        else:
            acts.append(f"{side} {order.client_id} to {price}: {step.reason}")
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
        tuple(acts),
        tuple(refused),
    )
