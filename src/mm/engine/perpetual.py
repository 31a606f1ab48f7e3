"""What a venue says of positions with margin: kept, compared with our own position, and watched for liquidation.

A position can change without an order of ours: the venue takes it over or cuts it (liquidation, auto-deleveraging), or
somebody trades by hand. The difference between what the venue holds for us and what our fills add up to is booked once
it has lasted, with no order under way that could explain it, and a report newer than our last fill: then the position,
the exposure and the debts are what they really are. That is a conclusion, so it is decided (`PositionChanged`), and
what is applied is the conclusion. What the account held before the first start is no difference.

Funding is money and no fill: it has a sum of its own and moves no position. (MEXC Futures reference: positions and
account, arithmetic.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm._core.events import pack, unpack
from mm._core.orders import OrderState
from mm.engine.recounting import TRAIL_NS, Recounting, beyond
from mm.instruments import AMOUNT_PRECISION, RATE_ONE, Instrument
from mm.perpetuals import liquidation_distance_e8

if TYPE_CHECKING:
    from mm.engine.engine import Engine
    from mm.engine.market import Market
    from mm.engine.venue import VenueState

SECOND_NS: Final = 1_000_000_000
LASTS_NS: Final = 3 * SECOND_NS
"""Deal, position and balance of one fill come on channels of their own, some 0.2 s apart."""
OPEN_LASTS_NS: Final = 70 * SECOND_NS
"""While an order is open its fill may have been missed: a whole round of the venue's list of deals (each minute)."""
READ_LASTS_NS: Final = 25 * SECOND_NS
"""The same once the list was read twice since: it may trail by more than 20 s."""
NEVER_NS: Final = 2**63 - 1
AFTER_FILL_NS: Final = SECOND_NS
"""A report that comes sooner after a fill may be of before it."""
AWAY: Final = 1.25
"""A position is out of danger again at so many times the distance at which it came into it."""
ADD: Final = 2
"""What was reduced is not added again at once: only up to so many times the distance at which it is reduced."""
WARNED_NS: Final = 60 * SECOND_NS
MARK_AGE_NS_MAX: Final = 30 * SECOND_NS
"""A mark price that is older tells no distance to add by. It is pushed each second or two, and read each minute."""
FOREIGN_MAX: Final = 100
ESTIMATES_MAX: Final = 10
FOREIGN: Final = "fill"
QUERY: Final = "query"
FUNDING_KEPT: Final = 20_000


class Perpetual:
    """What is known of one contract's position, margin and funding.

    positions: open ones by the venue's id; mark_e12, index_e12, rate_e12 (of the next settlement), settle_ns: the
    venue's; funding: received by asset in 1e-12, below zero paid; base: contracts that the account held before this
    start, None before its first list; danger: the side of a position that is close to its liquidation, 0 none.
    """

    __slots__ = (
        "base",
        "danger",
        "estimates",
        "fill_ns",
        "fill_venue_ns",
        "foreign",
        "funding",
        "gap",
        "gap_ns",
        "gaps",
        "has_ended",
        "index_e12",
        "is_two_sided",
        "left_out",
        "mark_e12",
        "mark_ns",
        "positions",
        "rate_e12",
        "recounting",
        "reduced_ns",
        "report_ns",
        "settle_ns",
        "sure_ns",
        "warned_ns",
    )

    def __init__(self) -> None:
        self.positions: dict[str, ev.PositionReport] = {}
        self.mark_e12 = self.mark_ns = self.index_e12 = self.rate_e12 = self.settle_ns = 0
        self.funding: dict[str, int] = {}
        self.base: int | None = None
        self.gap = self.gap_ns = 0
        """What the venue holds beyond our fills, and since when it is just so much."""
        self.gaps: dict[int, tuple[int, int]] = {}
        """Other differences of a moment ago: since when, and until when. Deal and position of each fill of ours come on
        channels of their own, so that what lasts is another number for some milliseconds."""
        self.fill_venue_ns = self.sure_ns = 0
        """The venue's time of our last fill, and when its list was last read that has it."""
        self.report_ns = self.fill_ns = self.warned_ns = self.reduced_ns = 0
        self.foreign: list[ev.Fill] = []
        """Fills of orders that are not ours, since the position last agreed."""
        self.estimates: list[tuple[int, int, int]] = []
        """Side, size and price of what was booked without the venue's own fills: they may be told later."""
        self.danger = 0
        self.left_out: set[str] = set()
        """Positions that are over for no better reason than that a list leaves them out."""
        self.has_ended = False
        """The stream has told of a position's end, and nothing has told of one since."""
        self.is_two_sided = False
        """A long and a short stood beside each other since the account last held nothing: what has been realized by
        then is each leg's own, and not what their net would have made."""
        self.recounting = Recounting()

    @property
    def net(self) -> int:
        """Contracts that the account holds, signed."""
        return sum(report.side * report.size for report in self.positions.values())

    def nearest(self) -> tuple[int, ev.PositionReport] | None:
        """The distance to liquidation in 1e-8 of the mark price, of the position that is closest to it; None without
        one."""
        if not self.mark_e12:
            return None
        risks = [
            (liquidation_distance_e8(report.side, self.mark_e12, report.liquidation_price_e12), report)
            for report in self.positions.values()
            if report.liquidation_price_e12 > 0
        ]
        return min(risks, key=lambda risk: risk[0], default=None)

    def room(
        self, side: int, distance_e8: int, price_e12: int, own: int, instrument: Instrument, free_e12: int | None
    ) -> int | None:
        """How many contracts may be bought or sold at a price before the liquidation of that side's position would be
        closer than a distance; None where that does not say (no mark price, or each part brings its own margin along).

        own: contracts held by our own fills, signed: the venue's word may be of before the last of them; free_e12: what
        the margin account has available, None not known.
        """
        if self.danger == side:
            return 0
        if not self.mark_e12 or not distance_e8:
            return None
        # What an order pays beyond the mark price is lost at once: where the mark has run away from the market that is
        # most of what an account has.
        lost_e12 = max(0, side * (price_e12 - self.mark_e12))
        each = self.mark_e12 * distance_e8 + lost_e12 * RATE_ONE
        nearest = self.nearest()
        held = side * (own + (self.base or 0))
        if nearest is not None and nearest[1].side == side:
            if nearest[1].is_isolated:
                return None
            # With cross margin a distance times what is held is what the account has.
            size = nearest[1].size
            return max(0, size * self.mark_e12 * (nearest[0] - distance_e8) // each - max(0, held - size))
        if held > 0 or free_e12 is None:
            return None
        opened = free_e12 * RATE_ONE * int(10**instrument.base_precision) // (each * instrument.base_units(1))
        return opened - held

    @property
    def is_after_fills(self) -> bool:
        """Whether all that is known of the positions is newer than our last fill: news of one say nothing of another,
        whose end may not have been told."""
        oldest_ns = min((self.report_ns, *(report.recv_ns for report in self.positions.values())))
        return oldest_ns >= self.fill_ns + AFTER_FILL_NS

    def is_silence(self, held: int) -> bool:
        """Whether it is a list's silence alone that something of what we hold (signed) is not there."""
        has_word = self.has_ended or any(report.side * held > 0 for report in self.positions.values())
        return bool(self.left_out) or (held != 0 and not has_word)

    def turn(self, gap: int, recv_ns: int) -> None:
        """The difference is another now; one that was there a moment ago has lasted since it first came."""
        if self.gap:
            self.gaps[self.gap] = (self.gap_ns, recv_ns)
        self.gaps = {each: seen for each, seen in self.gaps.items() if recv_ns - seen[1] < LASTS_NS}
        self.gap, self.gap_ns = gap, self.gaps.pop(gap, (recv_ns, 0))[0]

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        return (
            [report.values() for _, report in sorted(self.positions.items())],
            (self.mark_e12, self.mark_ns, self.index_e12, self.rate_e12, self.settle_ns),
            sorted(self.funding.items()),
            (self.base, self.gap, self.gap_ns, self.report_ns, self.fill_ns, self.warned_ns, self.reduced_ns),
            (sorted(self.gaps.items()), self.fill_venue_ns, self.sure_ns),
            ([fill.execution_id for fill in self.foreign], self.danger, self.estimates, self.is_two_sided),
            (sorted(self.left_out), self.has_ended, self.recounting.facts()),
        )

    def durable(self) -> dict[str, Any]:
        """What a restart must know: what is booked, and what the account held before the first start."""
        return {
            "base": self.base,
            "funding": dict(sorted(self.funding.items())),
            "estimates": [list(each) for each in self.estimates],
            "fill_venue_ns": self.fill_venue_ns,
            "foreign": [pack(fill).hex() for fill in self.foreign],
            **self.recounting.durable(),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `durable` gave."""
        self.base = saved["base"]
        self.funding = dict(saved["funding"])
        self.estimates = [(side, size, price) for side, size, price in saved["estimates"]]
        self.fill_venue_ns = saved["fill_venue_ns"]
        fills: list[Any] = [unpack(bytes.fromhex(text)) for text in saved["foreign"]]
        self.foreign = fills
        self.recounting.restore(saved)

    def reads(self) -> dict[str, Any]:
        """What the venue's reads tell anew at each start."""
        return {
            "positions": [pack(report).hex() for _, report in sorted(self.positions.items())],
            "is_two_sided": self.is_two_sided,
            "left_out": sorted(self.left_out),
            "has_ended": self.has_ended,
            "gap": [self.gap, self.gap_ns],
            "ns": [self.report_ns, self.fill_ns, self.sure_ns],
        }

    def take_reads(self, saved: dict[str, Any]) -> None:
        """Take back what `reads` gave."""
        reports: list[Any] = [unpack(bytes.fromhex(text)) for text in saved["positions"]]
        self.positions = {report.position_id: report for report in reports}
        self.is_two_sided = saved["is_two_sided"]
        # An earlier build wrote neither.
        self.left_out, self.has_ended = set(saved.get("left_out", ())), saved.get("has_ended", False)
        self.gap, self.gap_ns = saved["gap"]
        self.report_ns, self.fill_ns, self.sure_ns = saved["ns"]

    def forget_reads(self) -> None:
        """The process is another: what the venue says of positions is to be read before it counts."""
        self.positions = {}
        self.gaps = {}
        self.gap = self.gap_ns = self.report_ns = self.sure_ns = 0
        self.left_out, self.has_ended = set(), False


class Perpetuals:
    """Applies what venues say of positions, margin and funding. distance_min_bps: 0 never in danger."""

    __slots__ = ("_engine", "_settled", "add_e8", "distance_e8", "externals")

    def __init__(self, engine: Engine, distance_min_bps: float) -> None:
        self._engine = engine
        self.keep_away(distance_min_bps)
        self._settled: dict[tuple[object, ...], None] = {}
        self.externals = 0
        """Changes of positions that no order of ours made."""

    def keep_away(self, distance_min_bps: float) -> None:
        """Take another distance to the liquidation from here on."""
        self.distance_e8 = int(distance_min_bps * RATE_ONE / 10_000)
        self.add_e8 = int(ADD * self.distance_e8)
        """Nothing is added that would bring a position closer to its liquidation than this."""

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on, besides what the contracts themselves know."""
        return (self.externals, list(self._settled))

    def durable(self) -> dict[str, Any]:
        """What a restart must know: which settlements and fills of others are booked."""
        return {"externals": self.externals, "settled": [list(key) for key in self._settled]}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `durable` gave."""
        self.externals = saved["externals"]
        self._settled = {tuple(key): None for key in saved["settled"]}

    # --- facts ------------------------------------------------------------------------------------------------------

    def on_position(self, event: ev.PositionReport) -> None:
        """A position, or that it is closed (size 0)."""
        market = self._engine.markets.get((event.venue, event.symbol))
        if market is None or market.perpetual is None:
            return
        perpetual = market.perpetual
        event = perpetual.recounting.position(market.instrument, event)
        is_gone = event.source == QUERY and not event.size
        if not event.venue_ns or event.venue_ns >= perpetual.fill_venue_ns or is_gone:
            # One of before our last fill says nothing of it, however late it comes.
            perpetual.report_ns = event.recv_ns
        if event.source == QUERY and event.venue_ns >= perpetual.fill_venue_ns:
            perpetual.sure_ns = event.recv_ns
        if event.size:
            perpetual.positions[event.position_id] = event
            market.leverage = market.venue.settings.leverage or max(1, event.leverage)
            perpetual.left_out.discard(event.position_id)
            perpetual.has_ended = False
        elif perpetual.positions.pop(event.position_id, None) is not None and is_gone:
            perpetual.left_out.add(event.position_id)
        elif not is_gone:
            perpetual.left_out.discard(event.position_id)
            perpetual.has_ended = True
        sides = {report.side for report in perpetual.positions.values()}
        perpetual.is_two_sided = len(sides) > 1 or (perpetual.is_two_sided and bool(sides))
        self.look(market, event.recv_ns)

    def on_mark(self, event: ev.MarkPrice) -> None:
        """The price by which positions are valued."""
        market = self._engine.markets.get((event.venue, event.symbol))
        if market is not None and market.perpetual is not None:
            market.perpetual.mark_e12, market.perpetual.index_e12 = event.mark_e12, event.index_e12
            market.perpetual.mark_ns = event.recv_ns
            self._danger(market, event.recv_ns)
            if self._has_lasted(market, event.recv_ns):
                self._engine.wake_upkeep()

    def on_rate(self, event: ev.FundingRate) -> None:
        """The rate of the next settlement."""
        market = self._engine.markets.get((event.venue, event.symbol))
        if market is not None and market.perpetual is not None:
            market.perpetual.rate_e12, market.perpetual.settle_ns = event.rate_e12, event.settle_ns

    def on_funding(self, event: ev.FundingPaid) -> None:
        """A settlement; those of before this start are in the account's balance already."""
        # By its id, and by its time and side where it has none.
        which = (event.record_id,) if event.record_id else (event.venue_ns, event.side)
        key = (event.venue, event.symbol, *which)
        if event.venue_ns < self._engine.started_ns or key in self._settled:
            return
        self._settle(key)
        self._engine.accounts.on_funding(event.venue, event.asset, event.amount)
        market = self._engine.markets.get((event.venue, event.symbol))
        if market is not None and market.perpetual is not None:
            funding = market.perpetual.funding
            funding[event.asset] = funding.get(event.asset, 0) + event.amount

    def on_margin(self, event: ev.MarginReport) -> None:
        """A margin account."""
        self._engine.venues[event.venue].margins[event.asset] = event

    def on_risk(self, event: ev.LiquidationRisk) -> None:
        """The venue warns that it may take a position over."""
        market = self._engine.markets.get((event.venue, event.symbol))
        if market is not None and market.perpetual is not None:
            market.perpetual.warned_ns = event.recv_ns
            self.look(market, event.recv_ns)

    def room(self, market: Market, side: int, price: int) -> int | None:
        """How many contracts may be added at a price, see `Perpetual.room`."""
        perpetual = market.perpetual
        assert perpetual is not None
        instrument = market.instrument
        shift = AMOUNT_PRECISION - instrument.price_precision
        price_e12 = int(price * 10 ** max(0, shift) // 10 ** max(0, -shift))
        if self.add_e8 and perpetual.mark_e12 and self._engine.last_ns - perpetual.mark_ns > MARK_AGE_NS_MAX:
            # How far the liquidation is nobody knows: what we hold may be closed, and nothing opened.
            return max(0, -side * (market.position.quantity + (perpetual.base or 0)))
        margin = market.venue.margins.get(instrument.settle)
        free_e12 = None if margin is None else margin.available
        return perpetual.room(side, self.add_e8, price_e12, market.position.quantity, instrument, free_e12)

    def on_up(self, venue: VenueState, recv_ns: int) -> None:
        """Positions and deals were read: what the account holds beyond our fills was there before."""
        for market in venue.markets.values():
            perpetual = market.perpetual
            if perpetual is not None and perpetual.base is None:
                perpetual.base = market.base_quantity = perpetual.net - market.position.quantity
                market.changed = True
            if perpetual is not None:
                self.look(market, recv_ns)

    def on_own_fill(self, market: Market, event: ev.Fill) -> None:
        """A fill of ours was booked."""
        if market.perpetual is not None:
            perpetual = market.perpetual
            perpetual.foreign = [fill for fill in perpetual.foreign if fill.execution_id != event.execution_id]
            self._take_back(market, event)
            market.perpetual.fill_ns = event.recv_ns
            market.perpetual.fill_venue_ns = max(market.perpetual.fill_venue_ns, event.venue_ns)
            self.look(market, event.recv_ns)

    def on_foreign_fill(self, event: ev.Fill) -> None:
        """A fill of an order that is not ours: it may be what changes the position."""
        market = self._engine.markets.get((event.venue, event.symbol))
        if market is None or market.perpetual is None or event.venue_ns < self._engine.started_ns:
            return
        foreign = market.perpetual.foreign
        fill = market.perpetual.recounting.fill(market.instrument, event)
        if fill is None or (event.venue, event.symbol, FOREIGN, event.execution_id) in self._settled:
            return
        if all(each.execution_id != fill.execution_id for each in foreign):
            foreign.append(fill)
            del foreign[:-FOREIGN_MAX]
            self._correct(market)

    def _settle(self, key: tuple[object, ...]) -> None:
        """Remember what was booked: it is told again."""
        self._settled[key] = None
        if len(self._settled) > FUNDING_KEPT:
            del self._settled[next(iter(self._settled))]

    # --- what follows -----------------------------------------------------------------------------------------------

    def look(self, market: Market, recv_ns: int) -> None:
        """See whether there is a difference, and whether the position is in danger."""
        self._danger(market, recv_ns)
        self._compare(market, recv_ns)
        if self._has_lasted(market, recv_ns):
            self._engine.wake_upkeep()

    def run(self, now_ns: int) -> None:
        """Decide what has changed without an order of ours."""
        for market in list(self._engine.markets.values()):
            perpetual = market.perpetual
            if perpetual is None or not perpetual.gap or not self._has_lasted(market, now_ns):
                continue
            told = sum(fill.side * fill.size for fill in perpetual.foreign)
            price = market.marked()
            if not price and told != perpetual.gap:
                continue
            evidence = "the venue's position, and "
            evidence += (
                "the venue's own fills of orders that are not ours" if perpetual.foreign else "no fill tells of it"
            )
            self._engine.emit(
                ev.PositionChanged(
                    now_ns, market.venue.name, market.symbol, perpetual.gap, price, market.middle2, evidence
                )
            )

    def _compare(self, market: Market, recv_ns: int) -> None:
        perpetual = market.perpetual
        assert perpetual is not None
        if perpetual.base is None or not market.venue.private_up or market.is_uncounted:
            return
        held = perpetual.base + market.position.quantity
        gap = beyond(perpetual.net, held, perpetual.recounting.unit(market.instrument))
        if gap != perpetual.gap:
            perpetual.turn(gap, recv_ns)
        if not gap:
            perpetual.gaps.clear()
            perpetual.left_out.clear()
            if not perpetual.estimates:
                perpetual.foreign.clear()

    def _has_lasted(self, market: Market, recv_ns: int) -> bool:
        """Whether a difference is one, with no order under way that could explain it."""
        perpetual = market.perpetual
        assert perpetual is not None
        gap = perpetual.gap
        if not gap or perpetual.base is None or not market.venue.private_up or market.is_uncounted:
            return False
        if self._engine.strays.of_venue(market.venue.name):
            return False
        if self._engine.unnamed.holds(recv_ns, market.venue.name, market.symbol):
            return False
        orders = self._engine.orders.open_of(market.venue.name, market.symbol)
        doubted = [self._engine.orders.get(client_id) for client_id in market.venue.doubtful]
        # One that the venue has given no id yet may be whose fills seem to be somebody else's.
        is_explained = any(
            order.state is OrderState.UNKNOWN or order.fills_missing or not order.venue_id for order in orders
        ) or any(order is not None and order.symbol == market.symbol for order in doubted)
        # The deals themselves say that they are not ours.
        is_told = bool(perpetual.foreign) and sum(fill.side * fill.size for fill in perpetual.foreign) == gap
        lasts_ns = LASTS_NS
        since_ns = max(perpetual.gap_ns, perpetual.recounting.sure_ns)
        is_agreed = self._engine.reconciling.reads[market.venue.name].agreed_since(since_ns)
        if not is_told and perpetual.is_silence(perpetual.base + market.position.quantity):
            # One list that is empty would be hedged again with as much as is held.
            is_recent = perpetual.gap_ns - perpetual.fill_ns < TRAIL_NS
            lasts_ns = (TRAIL_NS if is_recent else READ_LASTS_NS) if is_agreed else NEVER_NS
        elif perpetual.recounting.theirs is not None:
            lasts_ns = READ_LASTS_NS if is_agreed else NEVER_NS
        elif orders and not is_told:
            # Two whole reads of deals and positions say so, or one of the venue's own rounds has passed.
            lasts_ns = READ_LASTS_NS if is_agreed else OPEN_LASTS_NS
        is_newest = perpetual.is_after_fills or perpetual.sure_ns >= perpetual.gap_ns
        return not is_explained and recv_ns - perpetual.gap_ns >= lasts_ns and (is_told or is_newest)

    def on_changed(self, event: ev.PositionChanged) -> None:
        """Take a change that no order of ours made: at the prices of the venue's own fills, else as it was valued."""
        market = self._engine.markets.get((event.venue, event.symbol))
        if market is None or market.perpetual is None or not event.size:
            return
        perpetual = market.perpetual
        engine = self._engine
        gap, recv_ns, price = event.size, event.recv_ns, event.price
        side = 1 if gap > 0 else -1
        fills = perpetual.foreign
        if fills and sum(fill.side * fill.size for fill in fills) == gap:
            self._take_told(market, fills)
        elif price > 0:
            self._take(market, side, price, abs(gap), 0, "", event.middle2)
            perpetual.estimates.append((side, abs(gap), price))
            del perpetual.estimates[:-ESTIMATES_MAX]
        else:
            return
        perpetual.foreign = []
        perpetual.gap = perpetual.gap_ns = 0
        perpetual.gaps.clear()
        perpetual.left_out.clear()
        self.externals += 1
        engine.reconciling.external(market, recv_ns, gap, event.evidence)
        for desk in engine.desks.values():
            desk.on_external(recv_ns, f"external {self.externals}", side, abs(gap), market, event.middle2)
        for each in (market, *market.siblings):
            each.changed = True
        instrument = market.instrument
        left = f"it is {instrument.base_text(market.position.quantity)} now"
        engine.tell(
            f"{market.venue.name}: the position in {market.symbol} changed by {instrument.base_text(gap)} "
            f"{instrument.base} without an order of ours (liquidation, deleveraging, a trade by hand): {left}"
        )

    def _correct(self, market: Market) -> None:
        """The venue tells at last for which prices and fees it made a change that was booked at the mark price."""
        perpetual = market.perpetual
        assert perpetual is not None
        told = sum(fill.side * fill.size for fill in perpetual.foreign)
        for estimate in perpetual.estimates:
            side, size, price = estimate
            if told == side * size:
                perpetual.estimates.remove(estimate)
                self._take(market, -side, price, size, 0, "", perpetual.foreign[0].middle2)
                self._take_told(market, perpetual.foreign)
                perpetual.foreign = []
                return

    def _take_back(self, market: Market, event: ev.Fill) -> None:
        """A fill of ours, of an order that was refused, may be booked already as somebody else's doing."""
        perpetual, engine = market.perpetual, self._engine
        assert perpetual is not None
        key = (event.venue, event.symbol, FOREIGN, event.execution_id)
        side, size, price, fee = event.side, event.size, event.price, event.fee
        if key in self._settled:
            del self._settled[key]
        else:
            order = engine.orders.get(event.client_id) or engine.orders.by_venue_id(event.venue, event.venue_id)
            like = [each for each in perpetual.estimates if each[0] == side and each[1] >= size]
            if not like or order is None or order.state is not OrderState.REJECTED:
                return
            _, estimated, price = like[0]
            fee, rest = 0, [(side, estimated - size, price)] if estimated > size else []
            number = perpetual.estimates.index(like[0])
            perpetual.estimates[number : number + 1] = rest
        self._take(market, -side, price, size, -fee, event.fee_asset, event.middle2)
        for desk in engine.desks.values():
            desk.on_external(event.recv_ns, f"taken back {event.execution_id}", -side, size, market, event.middle2)

    def _take_told(self, market: Market, fills: list[ev.Fill]) -> None:
        for fill in fills:
            self._settle((fill.venue, fill.symbol, FOREIGN, fill.execution_id))
            self._take(market, fill.side, fill.price, fill.size, fill.fee, fill.fee_asset, fill.middle2)

    def _take(self, market: Market, side: int, price: int, size: int, fee: int, fee_asset: str, middle2: int) -> None:
        """Book what is no fill of an order of ours as one: what it cost is a cost of hedging where we hedge."""
        key = (market.venue.name, market.symbol)
        is_hedge = any(key in desk.markets for desk in self._engine.desks.values())
        middle2 = middle2 or market.middle2
        market.position.apply_fill(side, price, size, fee, fee_asset)
        market.profit.on_fill(side, price, size, middle2)
        self._engine.accounts.on_fill(key, side, price, size, middle2, fee, fee_asset, is_hedge=is_hedge)

    def _danger(self, market: Market, recv_ns: int) -> None:
        perpetual = market.perpetual
        assert perpetual is not None
        nearest = perpetual.nearest()
        was = perpetual.danger
        is_warned = perpetual.warned_ns and recv_ns - perpetual.warned_ns < WARNED_NS
        if not perpetual.positions or not self.distance_e8:
            danger = 0
        elif nearest is None:
            danger = _side(perpetual.net) if is_warned else 0
        else:
            distance, report = nearest
            limit = self.distance_e8 * AWAY if was else self.distance_e8
            danger = report.side if is_warned or distance < limit else 0
        if danger == was:
            return
        perpetual.danger = market.guarded = danger
        market.changed = True
        for desk in self._engine.desks.values():
            desk.wake()
        name = f"{market.venue.name}: the position in {market.symbol}"
        if not danger:
            self._engine.tell(f"{name} is away from its liquidation again: hedged and quoted as before")
        elif nearest is not None:
            distance, report = nearest
            self._engine.tell(
                f"{name} is {distance / 1e6:.2f} % away from its liquidation at "
                f"{report.liquidation_price_e12 / 1e12:,.2f} (limits.liquidation_distance_min_bps): nothing adds "
                "to it, and it is reduced"
            )
        else:
            self._engine.tell(f"{name} is close to its liquidation by the venue's word: it is reduced")


def _side(number: int) -> int:
    return (number > 0) - (number < 0)
