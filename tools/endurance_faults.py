"""What befalls the three venues in `make endurance`, and when: each fault TIMES times, spread over the run.

A fault by name strikes the first request, reply or message of its kind after its moment, one by the clock at its
moment. Those that rightly end or freeze trading (`FATAL`) are not among them: `endurance_ends.py` has them. Nor are
other terms of a symbol (`TERMS`), which stay until they are taken back: each is tried by itself and from many seeds.
"""

from __future__ import annotations

from typing import Any, Final

from mm.simulator.hooks import ACTIONS, FEE_ACTIONS, LISTING_ACTIONS, MINIMUMS
from mm.simulator.kinds import KINDS, KRAKEN, MEXC_FUTURES, MEXC_SPOT

TIMES: Final = 4
LONG_S: Final = 400.0
"""A shorter run, for development, is struck once by each."""
BEGIN_S: Final = 5.0
QUIET_S: Final = 35.0
"""The last seconds are without new faults: what a fault took away has to be found again before the books are compared,
and funding is read 20 s after it was settled."""
SLOW_QUIET_S: Final = 80.0
"""The same for what befalls orders and positions: lists are read each minute, and that an order never came to be is
proven by lists of 35 s and more after it can no longer take effect."""
SLOW_END_S: Final = 60.0
"""One of these that found nothing to strike at its moment does so until then: the lists are read once more."""
PROMPT: Final = frozenset({"book", "trade", "depth", "aggre.depth", "aggre.deals", "GET depth"})
"""Names of what is found again within seconds."""
SLOW_ACTIONS: Final = frozenset({"adl", "foreign_order"})
LISTS_S: Final = 110.0
"""What only the venue's lists tell is read each minute."""
FUNDING_S: Final = 40
FATAL: Final = frozenset({"contract_size", "position_mode"})
TERMS: Final = MINIMUMS | LISTING_ACTIONS | FEE_ACTIONS | {"tick"}
"""By the tests of rules, dust, delisting and fees in `tests/faults`."""
MOVES: Final = frozenset({"transfer"})
"""An untold one halts its market until an operator has looked: in the world of faults, whose operator does."""
NO_CHECKSUMS: Final = ("message", "checksum")
"""MEXC has none: the hook has nothing to damage there."""
DAY_S: Final = 86_400
CLOSED: Final = (1, 1, 1, 6002)
"""By turn, how order entry at the futures venue is closed: to the contract, to the account. After the latter the bot
waits ten minutes by itself."""
SPEED: Final = 4.0
"""The recorded market goes so many times as fast as it did: each hook of an order waits for a hedge of its own, and at
its own pace (1) ten minutes brought fifty hedges where some seventy are struck."""

Rule = dict[str, Any]


def expected(venue: str) -> list[tuple[str, str]]:
    """Place and action of every hook that strikes a venue in the long run."""
    actions = {place: set(names) for place, names in ACTIONS.items()}
    actions["clock"] |= KINDS[venue].actions
    actions["clock"] -= FATAL | TERMS | MOVES
    kinds = [(place, action) for place, names in actions.items() for action in sorted(names)]
    return kinds if venue == KRAKEN else [kind for kind in kinds if kind != NO_CHECKSUMS]


class Script:
    """Times rules over a run of so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.turns = TIMES if seconds >= LONG_S else 1

    def moment(self, share: float, *, is_slow: bool) -> float:
        """When a share of what is struck has passed."""
        quiet_s = SLOW_QUIET_S if is_slow else QUIET_S
        return BEGIN_S + max(5.0, self._seconds - quiet_s - BEGIN_S) * share

    def timed(self, kind: Rule, share: float) -> Rule:
        """A rule with its moment, at a share of the run."""
        if kind["on"] != "clock":
            is_slow = kind["name"] not in PROMPT
            moment = self.moment(share, is_slow=is_slow)
            until = {"until_s": max(moment + 5.0, self._seconds - SLOW_END_S)} if is_slow else {}
            return kind | {"from_s": moment, "times": 1} | until
        moment = self.moment(share, is_slow=kind["action"] in SLOW_ACTIONS)
        if kind.get("told") == "lists" and moment > self._seconds - LISTS_S:
            kind = kind | {"told": "push"}
        return kind | {"at_s": moment, "every_s": 0.0}


def script(seconds: float) -> dict[str, list[Rule]]:
    """The rules of each venue."""
    run = Script(seconds)
    rules: dict[str, list[Rule]] = {KRAKEN: [], MEXC_SPOT: [], MEXC_FUTURES: []}
    for turn in range(run.turns):
        # What befalls quotes, streams, hedges, then hedges at the fallback. An order that never came to be is in doubt
        # for 45 s and more, and its place is not quoted so long: where nothing is quoted nothing is hedged.
        parts = [
            (KRAKEN, _kraken_orders(), 0.0, 0.03),
            (KRAKEN, _kraken(turn), 0.04, 0.33),
            (MEXC_SPOT, _mexc_spot(), 0.04, 0.4),
            (MEXC_FUTURES, _mexc_futures(turn), 0.04, 0.4),
            (MEXC_FUTURES, _mexc_futures_orders(), 0.34, 0.54),
            (MEXC_SPOT, _mexc_spot_orders(), 0.63, 0.86),
        ]
        for venue, kinds, begin, end in parts:
            for index, kind in enumerate(kinds):
                rules[venue].append(run.timed(kind, (turn + begin + (end - begin) * index / len(kinds)) / run.turns))
        for value, share in ((CLOSED[turn], 0.62), (0, 0.97)):
            moment = run.moment((turn + share) / run.turns, is_slow=True)
            rules[MEXC_FUTURES].append({"on": "clock", "action": "entry", "value": value, "at_s": moment})
    # The last settlement that is read before the end.
    rules[MEXC_FUTURES].append({"on": "clock", "action": "funding", "value": DAY_S, "at_s": seconds - QUIET_S})
    return rules


def _kraken_orders() -> list[Rule]:
    return [
        {"on": "request", "name": "add_order", "action": "drop"},
        {"on": "request", "name": "add_order", "action": "refuse"},
        {"on": "request", "name": "amend_order", "action": "delay", "delay_s": 0.7},
        {"on": "reply", "name": "add_order", "action": "withhold"},
        {"on": "reply", "name": "amend_order", "action": "duplicate"},
        {"on": "reply", "name": "add_order", "action": "corrupt"},
        {"on": "reply", "name": "amend_order", "action": "delay", "delay_s": 1.5},
        {"on": "request", "name": "amend_order", "action": "disconnect"},
        {"on": "reply", "name": "amend_order", "action": "garbage"},
        {"on": "reply", "name": "add_order", "action": "disconnect"},
    ]


def _kraken(turn: int) -> list[Rule]:
    return [
        {"on": "message", "name": "book", "action": "checksum"},
        {"on": "message", "name": "executions", "action": "gap"},
        {"on": "message", "name": "book", "action": "drop"},
        {"on": "clock", "action": "mode", "mode": "post_only", "duration_s": 3},
        {"on": "message", "name": "executions", "action": "duplicate"},
        {"on": "message", "name": "book", "action": "delay", "delay_s": 0.3},
        {"on": "clock", "action": "skew", "skew_s": 5, "duration_s": 4},
        {"on": "message", "name": "trade", "action": "corrupt"},
        {"on": "clock", "action": "disconnect", "target": "all"},
        {"on": "reply", "name": "OpenOrders", "action": "status"},
        {"on": "message", "name": "trade", "action": "garbage"},
        {"on": "clock", "action": "silence", "target": "public", "duration_s": 8},
        {"on": "message", "name": "book", "action": "disconnect"},
        {"on": "clock", "action": "tokens"},
        {"on": "clock", "action": "outage", "duration_s": 4},
        {"on": "request", "name": "OpenOrders", "action": "lag", "delay_s": 2.0},
        {"on": "message", "name": "executions", "action": "drop"},
        # The last one is beyond what the guard of the peg allows.
        {"on": "clock", "action": "peg", "bps": (-15, 20, -30, 150)[turn], "duration_s": 6},
        {"on": "clock", "action": "flood", "value": 2000, "duration_s": 3},
        {"on": "message", "name": "trade", "action": "edit", "path": "data.0.qty", "how": "add"},
        {"on": "reply", "name": "OpenOrders", "action": "body", "status": 200, "error": "{}"},
        {"on": "clock", "action": "ban", "status": 429, "duration_s": 2},
        {"on": "clock", "action": "cancel_all"},
    ]


def _mexc_spot() -> list[Rule]:
    """Of the venue that hedges fall back to: its streams and reads are in use all the time."""
    return [
        {"on": "message", "name": "aggre.depth", "action": "gap"},
        {"on": "request", "name": "GET openOrders", "action": "lag", "delay_s": 1.0},
        {"on": "message", "name": "aggre.depth", "action": "drop"},
        {"on": "clock", "action": "disconnect", "target": "all"},
        {"on": "message", "name": "aggre.depth", "action": "corrupt"},
        {"on": "reply", "name": "GET openOrders", "action": "status"},
        {"on": "message", "name": "aggre.depth", "action": "delay", "delay_s": 0.4},
        {"on": "clock", "action": "tokens"},
        {"on": "message", "name": "aggre.deals", "action": "garbage"},
        {"on": "reply", "name": "GET depth", "action": "garbage"},
        {"on": "clock", "action": "silence", "target": "all", "duration_s": 6},
        {"on": "message", "name": "aggre.depth", "action": "duplicate"},
        {"on": "clock", "action": "skew", "skew_s": -4, "duration_s": 4},
        {"on": "message", "name": "aggre.depth", "action": "disconnect"},
        {"on": "clock", "action": "outage", "duration_s": 4},
        {"on": "clock", "action": "mode", "mode": "maintenance", "duration_s": 3},
        {"on": "request", "name": "GET myTrades", "action": "disconnect"},
        {"on": "reply", "name": "GET myTrades", "action": "corrupt"},
        {"on": "message", "name": "aggre.deals", "action": "edit", "path": "314.1.1", "how": "add"},
        {"on": "reply", "name": "GET openOrders", "action": "body", "status": 200, "error": "{}"},
        {"on": "clock", "action": "ban", "status": 429, "duration_s": 2},
        {"on": "clock", "action": "cancel_all"},
    ]


def _mexc_spot_orders() -> list[Rule]:
    """Of hedges there, from the moment on at which they come."""
    return [
        {"on": "request", "name": "POST order", "action": "delay", "delay_s": 0.6},
        {"on": "reply", "name": "POST order", "action": "duplicate"},
        {"on": "reply", "name": "POST order", "action": "delay", "delay_s": 1.5},
        {"on": "request", "name": "POST order", "action": "refuse", "error": "30016:Trading disabled"},
        {"on": "reply", "name": "POST order", "action": "withhold"},
        {"on": "message", "name": "deals", "action": "drop"},
        {"on": "reply", "name": "POST order", "action": "disconnect"},
        {"on": "request", "name": "POST order", "action": "drop"},
    ]


def _mexc_futures(turn: int) -> list[Rule]:
    sign = -1 if turn % 2 else 1
    return [
        {"on": "clock", "action": "adl", "percent": 40, "told": "lists" if turn % 2 else "push"},
        {"on": "message", "name": "depth", "action": "gap"},
        {"on": "clock", "action": "foreign_order", "value": 13 * sign},
        {"on": "message", "name": "depth", "action": "drop"},
        {"on": "clock", "action": "leverage", "value": 10 + turn},
        {"on": "message", "name": "order", "action": "drop"},
        {"on": "clock", "action": "mark", "percent": 2 * sign, "duration_s": 3},
        {"on": "clock", "action": "funding", "percent": 0.02 * sign, "duration_s": 2},
        {"on": "message", "name": "depth", "action": "corrupt"},
        {"on": "clock", "action": "tokens"},
        {"on": "message", "name": "position", "action": "duplicate"},
        {"on": "clock", "action": "skew", "skew_s": 5, "duration_s": 4},
        {"on": "message", "name": "depth", "action": "disconnect"},
        {"on": "clock", "action": "silence", "target": "all", "duration_s": 6},
        {"on": "clock", "action": "disconnect", "target": "all"},
        {"on": "clock", "action": "outage", "duration_s": 4},
        {"on": "request", "name": "GET order/list/open_orders", "action": "lag", "delay_s": 1.0},
        {"on": "clock", "action": "entry", "value": 801},
        {"on": "clock", "action": "mark", "percent": 0.0, "duration_s": 1},
        {"on": "clock", "action": "entry", "value": 0},
        {"on": "clock", "action": "mode", "mode": "maintenance", "duration_s": 3},
        {"on": "message", "name": "depth", "action": "edit", "path": "data.version", "how": "add"},
        {"on": "reply", "name": "GET order/list/open_orders", "action": "body", "status": 200, "error": "{}"},
        {"on": "clock", "action": "ban", "status": 429, "duration_s": 2},
        {"on": "clock", "action": "cancel_all"},
    ]


def _mexc_futures_orders() -> list[Rule]:
    """Of hedges there, in the part of a turn in which order entry is open."""
    create = "POST order/create"
    return [
        {"on": "request", "name": create, "action": "delay", "delay_s": 0.7},
        {"on": "reply", "name": create, "action": "duplicate"},
        {"on": "reply", "name": create, "action": "disconnect"},
        {"on": "message", "name": "order.deal", "action": "delay", "delay_s": 1.2},
        {"on": "reply", "name": create, "action": "delay", "delay_s": 1.5},
        {"on": "message", "name": "order.deal", "action": "garbage"},
        {"on": "request", "name": create, "action": "refuse", "error": "510:Requests are too frequent"},
        {"on": "reply", "name": create, "action": "corrupt"},
        {"on": "reply", "name": create, "action": "garbage"},
        {"on": "reply", "name": create, "action": "status", "status": 502},
        {"on": "message", "name": "order.deal", "action": "drop"},
        {"on": "reply", "name": create, "action": "withhold"},
        {"on": "request", "name": create, "action": "disconnect"},
        {"on": "request", "name": create, "action": "drop"},
    ]
