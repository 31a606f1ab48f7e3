"""What happens at a venue without a word: nothing of it is pushed, only a list can tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from examples.venue.lantern.conformance import VENUE_CASE
from mm._core import events as ev
from mm.conformance.stand import Stand
from mm.instruments import AMOUNT_PRECISION
from mm.simulator.kinds import ACCOUNT
from mm.simulator.orders import NewOrder
from tests.conformance.venues import VENUES

ALL = (*VENUES, VENUE_CASE)
SPOT = tuple(case for case in ALL if not str(case).startswith("mexc_futures"))
FUTURES = next(case for case in ALL if str(case) == "mexc_futures")
HEDGED = next(case for case in ALL if str(case).startswith("mexc_futures") and case is not FUTURES)
"""In hedge mode."""
CYCLES_S = 60
"""Two cycles of 30 s: in that time drift has to be seen."""


def silently(stand: Stand, act: Callable[[int], object]) -> Any:
    """Let something happen that the venue tells nobody."""

    def unheard(now_ns: int) -> object:
        result = act(now_ns)
        exchange = stand.counterpart.exchange
        exchange.drain_reports()
        if hasattr(exchange, "drain_changes"):
            exchange.drain_changes()
        return result

    return stand.outside(unheard)


def move(stand: Stand, asset: str, amount: int) -> None:
    """Move some of an asset to or from the account, in the ledger's decimals."""
    ledger = stand.counterpart.exchange.ledger
    silently(stand, lambda now_ns: ledger.change(now_ns, ACCOUNT, "transfer", asset, amount, 0, "drift"))


def told_amount(stand: Stand, asset: str, amount: int) -> int:
    """The same amount in 10^-12."""
    return int(amount * 10 ** (AMOUNT_PRECISION - stand.counterpart.exchange.ledger.decimals(asset)))


def fill(stand: Stand, side: int, price: int, size: int) -> None:
    """Somebody takes what stands at a price."""
    silently(stand, lambda now_ns: stand.counterpart.trade(now_ns, side, price, size))


def cancel(stand: Stand, client_id: str) -> None:
    """An order ends at the venue's own will."""
    counterpart = stand.counterpart
    silently(stand, lambda now_ns: counterpart.withdraw(now_ns, counterpart.order_id(client_id)))


def bring_back(stand: Stand, client_id: str, side: int, price: int, size: int) -> None:
    """An order of ours stands that was over."""
    wanted = NewOrder(ACCOUNT, stand.symbol, side, size, price, client_id=client_id)
    silently(stand, lambda now_ns: stand.counterpart.exchange.place(now_ns, wanted))


def differences(stand: Stand, what: str = "") -> list[ev.Difference]:
    """What was told, in order."""
    found = [event for event in stand.recorder.events if type(event) is ev.Difference]
    return [event for event in found if not what or event.what == what]


def seen(stand: Stand, what: str, verdict: str, fault: str = "I5") -> ev.Difference:
    """Wait for a difference of a kind, two cycles at most; returns it. fault: what one that nobody sees is."""

    def found() -> bool:
        return any(each.verdict == verdict for each in differences(stand, what))

    stand.until(f"{fault}: a difference of {what} is {verdict}", found, CYCLES_S)
    return next(each for each in differences(stand, what) if each.verdict == verdict)


def replays(stand: Stand) -> None:
    """A replay of the recording ends in the same state."""
    assert stand.replayed().state_hash() == stand.engine.state_hash()
