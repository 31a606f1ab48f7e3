"""Positions of accounts in linear contracts: exact integers in ledger units, nothing rounded but what is shown.

An entry's cost is kept as money, not as a mean price; a partial close takes its share of the cost, cut to a ledger
unit, and leaves the rest, so that profits of all closes add up to the last unit.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from mm.simulator.ledger import DECIMALS
from mm.simulator.orders import BUY, NewOrder, SimInstrument

LONG, SHORT = 1, -1
ISOLATED, CROSS = 1, 2
HEDGE, ONE_WAY = 1, 2
RATE: Final = 1_000_000
"""Rates here are millionths."""
CLOSED_MAX: Final = 2_000
POSITION_FIRST: Final = 1_109_973_800
FUNDING_FIRST: Final = 328_000


@dataclass(slots=True)
class ContractOrder(NewOrder):
    """An order for contracts.

    Attributes:
        closes: it may only make a position smaller: a closing side, or reduce-only.
        mode: the position mode that it was placed in.
        margin_size: how much of it opens, and binds margin.
        kind, side_code, category: the venue's own codes, kept for its answers.
        position_id: of the position that it touched last.
    """

    closes: bool = False
    mode: int = ONE_WAY
    open_type: int = CROSS
    leverage: int = 1
    margin_size: int = 0
    kind: int = 1
    side_code: int = 1
    category: int = 1
    position_id: int = 0


@dataclass(slots=True)
class Position:
    """One position. Sizes in units of the instrument, money in ledger units, `side` +1 long, -1 short."""

    position_id: int
    account: str
    symbol: str
    side: int
    open_type: int
    leverage: int
    created_ns: int
    hold: int = 0
    cost: int = 0
    """What `hold` was entered for."""
    opened: int = 0
    opened_value: int = 0
    closed: int = 0
    closed_value: int = 0
    added: int = 0
    """Margin that was put in or taken out by hand, or eaten by funding."""
    profit: int = 0
    fees: int = 0
    """Above zero paid."""
    funding: int = 0
    """Above zero received."""
    updated_ns: int = 0
    version: int = 0
    state: int = 1
    """1 holding, 2 taken over, 3 closed."""
    warned: bool = False
    """Of a liquidation that is near."""

    @property
    def realised(self) -> int:
        return self.profit - self.fees + self.funding

    def enter(self, size: int, value: int) -> None:
        """Add to it."""
        self.hold += size
        self.cost += value
        self.opened += size
        self.opened_value += value

    def leave(self, size: int, value: int) -> int:
        """Close some of it for a value; returns the profit."""
        cost = self.cost if size == self.hold else self.cost * size // self.hold
        self.hold -= size
        self.cost -= cost
        self.closed += size
        self.closed_value += value
        profit = self.side * (value - cost)
        self.profit += profit
        return profit


@dataclass(slots=True)
class PositionChange:
    """A position as it is after a change, the object of that moment."""

    account: str
    time_ns: int
    position: Position


@dataclass(slots=True)
class FundingRecord:
    """One settlement of funding on one position; above zero received. The rate is in 1e-8."""

    account: str
    time_ns: int
    record_id: int
    symbol: str
    side: int
    value: int
    funding: int
    rate_e8: int
    settle_ns: int


@dataclass(slots=True)
class Setup:
    """How an account is set up: its position mode, and the leverage of (symbol, side, open type)."""

    mode: int = ONE_WAY
    leverages: dict[tuple[str, int, int], int] = field(default_factory=dict)


def money(traded: SimInstrument, price: int, size: int) -> int:
    """What a size costs at a price, in ledger units."""
    return int(price * size * 10 ** (DECIMALS - traded.price_precision - traded.size_precision))


def mean_price(traded: SimInstrument, value: int, size: int, decimals: int) -> int:
    """The mean price of a value in 10^-decimals of the quote asset, cut; 0 without size."""
    return value * int(10 ** (traded.size_precision + decimals)) // (size * int(10**DECIMALS)) if size else 0


class Positions:
    """Every account's positions, records and settings."""

    def __init__(self, instruments: dict[str, SimInstrument], leverage: int) -> None:
        self.instruments = instruments
        self.leverage_first = leverage
        """Of everything that nobody has set."""
        self.held: dict[tuple[str, str, int], Position] = {}
        self.over: dict[str, deque[Position]] = {}
        self.records: dict[str, deque[FundingRecord]] = {}
        self.setups: dict[str, Setup] = {}
        self.number = 0

    def setup(self, account: str) -> Setup:
        """How an account is set up."""
        return self.setups.setdefault(account, Setup())

    def leverage(self, account: str, symbol: str, side: int, open_type: int) -> int:
        """The leverage of new positions of a side."""
        return self.setup(account).leverages.get((symbol, side, open_type), self.leverage_first)

    def get(self, account: str, symbol: str, side: int) -> Position | None:
        """The position of a side."""
        return self.held.get((account, symbol, side))

    def of(self, account: str, symbol: str = "") -> list[Position]:
        """Open positions of an account, of one symbol or all."""
        return [
            each for each in self.held.values() if each.account == account and (not symbol or each.symbol == symbol)
        ]

    def margin(self, position: Position) -> int:
        """What a position binds: its share by leverage, the fee of closing it, and what was put in."""
        return self.initial(position.symbol, position.cost, position.leverage) + position.added if position.hold else 0

    def initial(self, symbol: str, value: int, leverage: int) -> int:
        """The margin of a value, rounded up: value / leverage + value x taker rate."""
        rate = self.instruments[symbol].taker_fee_e6
        return -(-value * (RATE + leverage * rate) // (leverage * RATE))

    def bound(self, account: str) -> int:
        """The margin of all positions."""
        return sum(self.margin(each) for each in self.of(account))

    def unrealised(self, position: Position, price: int) -> int:
        """What closing at a price would bring, without the fee."""
        return position.side * (money(self.instruments[position.symbol], price, position.hold) - position.cost)

    def open(self, now_ns: int, request: ContractOrder, side: int) -> Position:
        """The position of a side, a new one if there is none."""
        key = (request.account, request.symbol, side)
        position = self.held.get(key)
        if position is None:
            self.number += 1
            position = self.held[key] = Position(
                POSITION_FIRST + self.number, *key, request.open_type, request.leverage, now_ns
            )
        return position

    def pieces(self, request: ContractOrder, side: int, size: int) -> list[tuple[int, bool, int]]:
        """How an execution falls on positions: (side of the position, whether it closes, size)."""
        hold = 0
        if request.mode == ONE_WAY or request.closes:
            against = self.get(request.account, request.symbol, -side)
            hold = against.hold if against is not None else 0
        closing = min(hold, size)
        pieces = [(-side, True, closing), (side, False, size - closing)]
        return [piece for piece in pieces if piece[2]]

    def changed(self, now_ns: int, position: Position) -> PositionChange:
        """Count a change; a position without size is over and becomes history."""
        position.updated_ns = now_ns
        position.version += 1
        if not position.hold:
            position.state = 3
            position.added = 0
            del self.held[position.account, position.symbol, position.side]
            self.over.setdefault(position.account, deque(maxlen=CLOSED_MAX)).append(position)
        return PositionChange(position.account, now_ns, replace(position))

    # --- the state folder -------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "held": [asdict(each) for each in self.held.values()],
            "over": [asdict(each) for past in self.over.values() for each in past],
            "records": [asdict(each) for past in self.records.values() for each in past],
            "setups": [
                {"account": name, "mode": setup.mode, "leverages": [[*k, v] for k, v in setup.leverages.items()]}
                for name, setup in self.setups.items()
            ],
            "number": self.number,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `to_json` gave."""
        for value in saved["held"]:
            held = Position(**value)
            self.held[held.account, held.symbol, held.side] = held
        for value in saved["over"]:
            self.over.setdefault(value["account"], deque(maxlen=CLOSED_MAX)).append(Position(**value))
        for value in saved["records"]:
            self.records.setdefault(value["account"], deque(maxlen=CLOSED_MAX)).append(FundingRecord(**value))
        for value in saved["setups"]:
            leverages = {(str(s), int(side), int(kind)): int(x) for s, side, kind, x in value["leverages"]}
            self.setups[str(value["account"])] = Setup(int(value["mode"]), leverages)
        self.number = int(saved["number"])


def closes_side(request: NewOrder) -> int:
    """The side of the position that an order works against."""
    return SHORT if request.side == BUY else LONG
