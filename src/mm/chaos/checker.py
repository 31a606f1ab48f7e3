"""The judge of a run: fifteen invariants, from the venues' own ledgers, the bytes on the wire and the journal.

Nothing of the bot is imported. Its journal is read by the names of its records and their fields, as anybody's reader
would; what it believes (open orders, positions) is taken from `Bot`, which a test can make up. `look` after each step,
`at_rest` at the end; what is broken is in `violations`, each once by invariant and subject.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any, Final

from mm.chaos import rest
from mm.chaos.books import Books, skew_of
from mm.chaos.caps import Caps
from mm.chaos.doubt import DOWN_NS, Doubt
from mm.chaos.invariants import Bot, Bounds, Violation
from mm.chaos.side import Side
from mm.chaos.steps import Latches
from mm.chaos.transfers import TRANSFER, Amounts, Transfers
from mm.chaos.wire import Sent, instrument_of, units
from mm.simulator.kinds import ACCOUNT, KRAKEN
from mm.simulator.orders import BUY, SELL, SimInstrument, SimOrder

MS: Final = 1_000_000
GONE: Final = frozenset({"OrderRejected", "OrderCanceled", "OrderExpired", "OrderAbsent", "OrderDenied"})
"""Records after which the bot takes an order for over."""
FAILED: Final = frozenset({"CancelRejected", "OutcomeUnknown"})
"""Records of a cancel that did nothing, or may have done nothing."""
MARKET: Final = frozenset({"BookFrame", "Ticker", "Trade", "MarkPrice", "FundingRate", "ClockOffset"})
"""Records that say nothing of orders and accounts."""
KILL_NS: Final = 100 * MS
"""From the command to the first cancel's bytes."""
HALTED_NS: Final = 10_000 * MS
"""So long a killing step is in force, and the stream up, before an order that nobody ever cancelled is one too many."""
COLLAR_SLACK_BPS: Final = 50
"""The venue's market moves while an order is on its way, and while what the bot sees of it is late."""
LIE_NS: Final = 90_000 * MS
"""So long an order may stand that the venue has refused: until lists were read, as of any that is in doubt."""
SCALE: Final = 12
"""Amounts of different venues are compared in 10^-12 of the asset."""


class Checker:
    """venues: as the simulator has them; journal: the records as they are written, a growing sequence; is_alive: the
    bot that `bot` speaks of runs (its rescue keeps no books)."""

    def __init__(self, venues: Mapping[str, Any], bot: Bot, journal: Sequence[Any], bounds: Bounds) -> None:
        self.venues, self.bot, self.journal, self.bounds = venues, bot, journal, bounds
        self.violations: list[Violation] = []
        self.is_alive = True
        self.untold: Collection[str] = ()
        """Venues that did something to the account and never told its price, so that only sizes can agree there."""
        self.hidden: Mapping[str, Collection[int]] = {}
        """Of those when, in ns, a part of a position was taken of which no push told."""
        self.looks = 0
        self.now_ns = 0
        self.places: dict[tuple[str, str], Any] = {}
        """Intents of the journal."""
        self._sides = {name: self._side(venue.exchange) for name, venue in venues.items()}
        self._ticks = {
            (name, symbol): traded.tick
            for name, venue in venues.items()
            for symbol, traded in venue.exchange.instruments.items()
        }
        """Of the beginning: what a venue that changes it says of it, it may say late or never."""
        self._read = 0
        self._over: dict[tuple[str, str], str] = {}
        self.flying: dict[tuple[str, str], tuple[int, int]] = {}
        """Side and size of what was sent and is neither at the venue nor over."""
        self._executions: dict[tuple[str, str], dict[str, int]] = {}
        self._lies: set[tuple[str, str]] = set()
        """Orders that stood when the bot was told that they were refused."""
        self._refused_ns: dict[tuple[str, str], int] = {}
        """When the bot wrote one."""
        self._volumes = {"quote": 0, "hedge": 0, "flatten": 0, "external": 0}
        self.is_unwritable = False
        """The journal takes nothing more."""
        self._stopped_ns = 0
        self._said_ns = 0
        """When the operator last said something after which cancels must leave."""
        self._is_cancelled = True
        self._asked: set[str] = set()
        """Orders whose cancel was sent and has not failed, by either of their ids."""
        self._asked_ever: set[str] = set()
        self.latches = Latches()
        self.doubt = Doubt(bounds.hedged)
        self.caps = Caps(self)
        self.books = {
            name: Books(name, venue.exchange.instruments, bounds.book_lag_ns, partial(skew_of, venue))
            for name, venue in venues.items()
        }
        self._known: set[tuple[str, str, str]] = set()
        self._changes = self._seen = 0
        """How often the journal or what is on its way said something of any venue, and how often when all were looked
        at."""
        self.transfers = Transfers(venues)
        self._secrets = [secret.encode() for secret in bounds.secrets if secret]

    def _side(self, exchange: Any) -> Side:
        traded: SimInstrument = next(iter(exchange.instruments.values()))
        allowed = self.bounds.position_max.get(traded.symbol)
        most = None if allowed is None else int(allowed.scaleb(traded.size_precision))
        return Side(dict(exchange.ledger.balances(ACCOUNT)), traded, most, entries=len(exchange.ledger.entries))

    # --- what is heard ------------------------------------------------------------------------------------------------

    def sent(self, now_ns: int, venue: str, request: Sent, payload: bytes = b"") -> None:
        """Bytes leave for a venue."""
        self.now_ns = now_ns
        self._hear(payload, venue, "the wire")
        side = self._sides[venue]
        if request.nonce:
            nonce = int(request.nonce)
            if nonce <= side.nonce:
                self.broken("I12", venue, request.nonce, f"nonce {nonce} after {side.nonce}")
            side.nonce = max(side.nonce, nonce)
        if request.kind == "cancel":
            self._ingest()
            self._is_cancelled = True
            # Without what is not named: an order of no id yet is not cancelled by that.
            named = [name for name in (*request.client_id.split(","), *request.venue_id.split(",")) if name]
            self._asked.update(named)
            self._asked_ever.update(named)
            self.doubt.cancelled(venue, named)
        if self.is_unwritable and self.is_alive and request.kind in ("place", "amend"):
            self.broken("I7", venue, request.client_id, f"{request.client_id} left, and the journal takes nothing")
        if not self.is_alive and request.kind in ("place", "amend"):
            self.broken("I13", venue, request.client_id, f"a rescue sends the {request.kind} of {request.client_id}")
        if request.kind == "place":
            self._ingest()
            self._sent_place(venue, request)
        elif request.kind == "amend":
            self._ingest()
            place = self.places.get((venue, request.client_id))
            self._sent_price(venue, request, place)
            self._look_at_steps(venue, request, place)
            self._look_at_doubt(venue, request, place)
            if place is not None:
                size = _size_units(request, self.traded(venue)) if request.size else None
                self.caps.leaves(venue, request, place, size)

    def told(self, now_ns: int, venue: str, payload: bytes) -> None:
        """A message of a stream reaches the bot."""
        if self.books[venue].is_book(payload):
            self.books[venue].told(now_ns, payload)
        else:
            self.doubt.told(venue, payload)

    def answered(self, now_ns: int, venue: str, path: str, status: int, body: bytes) -> None:
        """An answer over HTTP reaches the bot. path: of what was asked, where it was a book."""
        self.transfers.answered(now_ns, venue, status)
        if path:
            self.books[venue].answered(now_ns, path, status, body)
        if venue != KRAKEN or not self._sides[venue].is_private_up:
            # Else cancels go over the socket, whatever HTTP says.
            self.doubt.answered(venue, status)

    def lied(self, venue: str, client_id: str) -> None:
        """The bot is told that an order was refused which the venue has: it may believe that until told otherwise."""
        if self.venues[venue].exchange.by_client_id(ACCOUNT, client_id) is not None:
            self._lies.add((venue, client_id))

    def linked(self, now_ns: int, venue: str, channel: str, *, up: bool) -> None:
        """A connection of the bot began or ended."""
        side = self._sides[venue]
        if channel == "public" and not up:
            self.books[venue].down()
        if channel == "private":
            side.is_private_up, side.private_ns = up, now_ns
            self.transfers.linked(now_ns, venue, up=up)
            if up:
                self.doubt.linked(venue)

    def stopped(self, now_ns: int) -> None:
        """The operator says stop."""
        self._stopped_ns = now_ns
        self._must_cancel(now_ns)

    def latched(self, now_ns: int, step: str) -> None:
        """The operator says that a step of the kill ladder is in force for everything, until `resumed`."""
        self.latches.say(now_ns, step)
        if self.latches.is_killing:
            self._must_cancel(now_ns)

    def resumed(self, now_ns: int) -> None:
        """The operator lets every step go."""
        since_ns = self.latches.killing_since_ns
        for name, order in self.standing() if since_ns and now_ns - since_ns > HALTED_NS else ():
            side = self._sides[name]
            if not side.is_private_up or now_ns - side.private_ns < HALTED_NS:
                continue
            names = {order.request.client_id, order.order_id}
            if (name, order.request.client_id) in self.places and not self._asked_ever & names:
                self.broken("I13", name, order.order_id, f"{order.request.client_id} stood through a killing step")
        self.latches.resume()

    def standing(self) -> list[tuple[str, SimOrder]]:
        """Own orders that are open, with their venue."""
        return [
            (name, order)
            for name, venue in self.venues.items()
            for order in venue.exchange.open_orders(ACCOUNT)
            if order.request.client_id
        ]

    def _must_cancel(self, now_ns: int) -> None:
        self._said_ns = now_ns
        self._is_cancelled = not any(
            self._sides[name].is_private_up and not self._asked & {order.request.client_id, order.order_id}
            for name, order in self.standing()
        )

    def _look_at_steps(self, venue: str, request: Sent, place: Any) -> None:
        if place is None or not self.is_alive:
            return
        held = sum(self._executions.get((venue, place.symbol), {}).values())
        if why := self.latches.forbids(self.now_ns, place, held):
            what = f"{request.kind} of {request.client_id} ({place.purpose})"
            self.broken("I13", venue, request.client_id, f"{what}, {why}")

    def _sent_place(self, venue: str, request: Sent) -> None:
        key = (venue, request.client_id)
        place = self.places.get(key)
        if place is None and self.is_alive:
            self.broken("I7", venue, request.client_id, f"{request.client_id} left before its intent was written")
        if key in self.flying or key in self._over or request.client_id in self._sides[venue].ids:
            self.broken("I12", venue, request.client_id, f"{request.client_id} was sent before")
        traded = self._sent_price(venue, request, place)
        size = None if traded is None else _size_units(request, traded)
        if size is not None:
            self.flying[key] = (request.side, size)
            self._changes += 1
        self._look_at_steps(venue, request, place)
        self._look_at_doubt(venue, request, place)
        if place is not None:
            self.caps.leaves(venue, request, place, size)
        if place is not None and place.purpose == "quote" and self._stopped_ns:
            self.broken("I13", venue, request.client_id, f"{request.client_id} was quoted after stop")

    def _look_at_doubt(self, venue: str, request: Sent, place: Any) -> None:
        if place is None or not self.is_alive:
            return
        side = self._sides[venue]
        if not side.is_private_up and self.now_ns - side.private_ns > DOWN_NS:
            self.broken("I10", venue, request.client_id, f"{request.client_id} with the private stream down")
        traded = side.traded
        if why := self.doubt.forbids(venue, place.symbol, place.purpose, (traded.base, traded.quote)):
            self.broken("I10", venue, request.client_id, f"{request.kind} of {request.client_id}, and {why}")

    def _sent_price(self, venue: str, request: Sent, place: Any) -> SimInstrument | None:
        named = request.symbol or (place.symbol if place is not None else "")
        instruments = self.venues[venue].exchange.instruments
        traded = instruments.get(named) or instrument_of(named, instruments)
        if traded is None:
            if request.kind == "place":
                self.broken("I8", venue, request.client_id, f"no instrument {named!r}")
            return None
        if request.size and _size_units(request, traded) is None:
            self.broken("I8", venue, request.client_id, f"size {request.size} is not on the grid")
        elif request.size and _size_units(request, traded, base=True) > self.bounds.order_max:
            self.broken("I6", venue, request.client_id, f"an order of {request.size}")
        if request.price:
            self._look_at_price(venue, request, traded)
        if self.is_alive and (why := self._unpriced(venue, traded.symbol, "quote" if place is None else place.purpose)):
            self.broken("I9", venue, request.client_id, f"{request.client_id} is priced from a book of which {why}")
        return traded

    def _unpriced(self, venue: str, symbol: str, purpose: str) -> str:
        """Why nothing may be priced from a book, '' when it may."""
        book = self.books[venue].by_symbol[symbol]
        age_ns = self.now_ns - book.heard_ns
        if (why := book.doubt()) or not book.heard_ns:
            return why or "nothing was heard"
        if age_ns > self.bounds.book_age_ns:
            return f"nothing was heard for {age_ns // MS} ms"
        if purpose == "flatten":
            # Who has to get out goes by it.
            return ""
        if book.lates > 1:
            return "the last messages were late by the venue's time"
        return book.still(self.now_ns, self.bounds.side_age_ns) if self.bounds.side_age_ns else ""

    def _look_at_price(self, venue: str, request: Sent, traded: SimInstrument) -> None:
        price = units(request.price, traded.price_precision)
        if price is None or price % self._ticks[venue, traded.symbol]:
            self.broken("I8", venue, request.client_id, f"price {request.price} is not on the grid")
            return
        bests = [best for best in self.venues[venue].exchange.recorded_best(traded.symbol) if best]
        allowed = self.bounds.collar_bps + COLLAR_SLACK_BPS
        if bests and min(abs(price - best) for best in bests) * 10_000 > allowed * bests[0]:
            self.broken("I8", venue, request.client_id, f"price {request.price} is far from {bests}")

    # --- after each step ----------------------------------------------------------------------------------------------

    def look(self, now_ns: int, touched: str = "") -> None:
        """Check what can be checked now; cheap when nothing has happened. touched: the only venue where something has
        happened since the last look, besides what the bot wrote and sent."""
        self.now_ns = now_ns
        if not self._is_cancelled and now_ns - self._said_ns > KILL_NS:
            self._is_cancelled = True
            self.broken("I13", "", "late", f"no cancel {(now_ns - self._said_ns) // MS} ms after a stop or kill")
        names: Collection[str] = (touched,) if touched else self.venues
        if self._read != len(self.journal):
            self._ingest()
        if (late := self.doubt.late(now_ns)) is not None:
            self.doubt.settled(*late)
            self.broken("I10", *late, f"the cancel of {late[1]} was written and has not left")
        if self._changes != self._seen:
            self._seen = self._changes
            names = self.venues
        for name in names:
            exchange = self.venues[name].exchange
            blotter = exchange._blotter
            mark = (
                len(blotter.orders),
                len(blotter.trades.get(ACCOUNT, ())),
                len(blotter.open.get(ACCOUNT, ())),
                len(exchange.ledger.entries),
                len(self.flying),
                self._sides[name].records,
            )
            if mark != self._sides[name].mark:
                self._sides[name].mark = mark
                self._look_at(name, exchange)
                self.looks += 1

    def _look_at(self, name: str, exchange: Any) -> None:
        side = self._sides[name]
        blotter = exchange._blotter
        for order in islice(blotter.orders.values(), side.orders, None):
            if order.request.account == ACCOUNT:
                self._new_order(name, order)
        side.orders = len(blotter.orders)
        trades = blotter.trades.get(ACCOUNT, ())
        for trade in islice(trades, side.trades, None):
            self._new_trade(name, exchange, trade)
        side.trades = len(trades)
        self._read_ledger(side, exchange)
        self._external(name)
        open_orders = exchange.open_orders(ACCOUNT)
        if self.is_alive and open_orders:
            believed = self.bot.open_orders()
            for order in open_orders:
                client_id = order.request.client_id
                key = (name, client_id)
                is_known = key in believed or self.now_ns - self._refused_ns.get(key, -LIE_NS) < LIE_NS
                if key in self.places and not is_known:
                    known = self._over.get(key, "nothing")
                    self.broken("I2", name, client_id, f"{client_id} is open, the bot thinks not ({known})")
        self._limits(name, exchange, open_orders)

    def _new_order(self, name: str, order: SimOrder) -> None:
        client_id = order.request.client_id
        self._landed((name, client_id))
        if not client_id:
            return
        known = self._sides[name].ids.setdefault(client_id, order.order_id)
        if known != order.order_id:
            self.broken("I1", name, client_id, f"{client_id} is {known} and {order.order_id}")
        over = self._over.get((name, client_id))
        if over is not None:
            self.broken("I3", name, client_id, f"{client_id} came to be after {over}")

    def _new_trade(self, name: str, exchange: Any, trade: Any) -> None:
        order = exchange.order(trade.order_id)
        place = None if order is None else self.places.get((name, order.request.client_id))
        if place is None:
            return
        self._sides[name].own += trade.side * trade.size
        traded = exchange.instruments[trade.symbol]
        volume = trade.size * 10 ** (SCALE - traded.size_precision)
        self._volumes[place.purpose if place.purpose in self._volumes else "quote"] += volume
        self._look_at_hedges(name)

    def _look_at_hedges(self, name: str) -> None:
        owed = self._volumes["quote"] + self._volumes["external"] + self._volumes["flatten"] + self.bounds.lot
        for venue, client_id in self._lies:
            order = self.venues[venue].exchange.by_client_id(ACCOUNT, client_id)
            if order is not None and self.places[venue, client_id].purpose == "hedge":
                # Sent again before it was known that it filled, and taken back.
                owed += 2 * order.cum_size * 10 ** (SCALE - self._sides[venue].traded.size_precision)
        if self._volumes["hedge"] > owed:
            self.broken("I11", name, "", f"hedged {self._volumes['hedge']}, owed were {owed} (10^-{SCALE})")

    def _read_ledger(self, side: Side, exchange: Any) -> None:
        """What else moves the base asset of a spot market: transfers are nobody's position, and fees make another one
        of what was traded."""
        ledger, traded = exchange.ledger, side.traded
        for entry in islice(ledger.entries, side.entries, None):
            if entry.account == ACCOUNT and entry.asset == traded.base and not traded.contract:
                side.moved += entry.amount if entry.kind == TRANSFER else 0
                side.eaten += entry.fee
                self._volumes["external"] += abs(entry.fee) * 10 ** (SCALE - ledger.decimals(entry.asset))
        side.entries = len(ledger.entries)

    def _external(self, name: str) -> None:
        side = self._sides[name]
        external = self.position(name) - side.own
        if external != side.external:
            # Of contracts: what was taken away, or ordered by hand.
            scale = 10 ** (SCALE - side.traded.size_precision)
            self._volumes["external"] += abs(external - side.external) * scale
            side.taken.append((self.now_ns, external - side.external))
            side.external = external

    # --- for those who look at one thing ------------------------------------------------------------------------------

    def traded(self, name: str) -> SimInstrument:
        """What is traded at a venue."""
        return self._sides[name].traded

    def most(self, name: str) -> int | None:
        """The position that is allowed at a venue, in units of size; None where nothing is said of it."""
        return self._sides[name].most

    def external(self, name: str) -> int:
        """What else than own executions moved the position of a venue."""
        return self.position(name) - self._sides[name].own

    def own_trades(self, name: str) -> list[Any]:
        """Executions of own orders at a venue."""
        exchange = self.venues[name].exchange
        orders = ((trade, exchange.order(trade.order_id)) for trade in exchange.trades(ACCOUNT))
        return [trade for trade, order in orders if order and (name, order.request.client_id) in self.places]

    def believed_refused(self) -> set[tuple[str, str]]:
        """Orders that the bot may take for over because it was told so, and that stand: it can count them nowhere."""
        return {key for key, written_ns in self._refused_ns.items() if self.now_ns - written_ns < LIE_NS}

    def middle(self, venue: str, symbol: str) -> Decimal | None:
        """Of the book as the bot heard it, None where there is none."""
        book = self.books[venue].by_symbol[symbol]
        bid, ask = book.best(1), book.best(-1)
        return None if bid is None or ask is None else (bid + ask) / 2

    def position(self, name: str) -> int:
        """What the run holds at a venue by the venue's own word, in units of size, before fees in the asset."""
        exchange = self.venues[name].exchange
        side = self._sides[name]
        traded = side.traded
        if traded.contract:
            return int(sum(each.side * each.hold for each in exchange.positions.of(ACCOUNT)))
        self._read_ledger(side, exchange)
        gained = exchange.ledger.balance(ACCOUNT, traded.base) - side.base.get(traded.base, 0)
        gained += side.eaten - side.moved
        return int(gained // 10 ** (exchange.ledger.decimals(traded.base) - traded.size_precision))

    def left(self, name: str) -> int:
        """The same after such fees, in 10^-12."""
        side, ledger = self._sides[name], self.venues[name].exchange.ledger
        held = self.position(name) * 10 ** (SCALE - side.traded.size_precision)
        return int(held - side.eaten * 10 ** (SCALE - ledger.decimals(side.traded.base)))

    def _limits(self, name: str, exchange: Any, open_orders: list[SimOrder]) -> None:
        side = self._sides[name]
        if side.most is None or not (open_orders or self.flying):
            return
        traded, most = side.traded, side.most + abs(side.external)
        held = side.own + side.external
        # Fees in the asset leave less of it.
        held -= side.eaten // 10 ** (exchange.ledger.decimals(traded.base) - traded.size_precision)
        for sign in (BUY, SELL):
            leaves = sum(
                order.leaves
                for order in open_orders
                if order.request.side == sign and order.request.symbol == traded.symbol
            )
            flying = sum(size for (at, _), (way, size) in self.flying.items() if at == name and way == sign)
            # What only reduces is allowed whatever is held.
            if leaves + flying and sign * held + leaves + flying > most:
                worst = f"{held} held, {leaves} open, {flying} on the way, allowed {most}"
                self.broken("I6", name, traded.symbol, worst)

    # --- the journal --------------------------------------------------------------------------------------------------

    def _ingest(self) -> None:
        for record in self.journal[self._read :]:
            kind = type(record).__name__
            if kind in MARKET:
                continue
            side = self._sides.get(getattr(record, "venue", ""))
            if side is not None:
                side.records += 1
                self._changes += 1
                self.caps.read(kind, record)
                self.doubt.read(kind, record)
                self.transfers.read(kind, record)
                is_own = (record.venue, getattr(record, "client_id", "")) in self.places
                for fill in side.fills(kind, record, is_own=is_own):
                    self._fill(fill)
                if kind == "BookReset":
                    self.books[record.venue].reset(record.symbol, record.recv_ns, record.reason)
            if kind == "Place":
                key = (record.venue, record.client_id)
                if key in self.places:
                    self.broken("I12", record.venue, record.client_id, f"{record.client_id} is intended twice")
                self.places[key] = record
                if record.purpose == "hedge" and not self._executions and not self._volumes["external"]:
                    self.broken("I7", record.venue, record.client_id, "a hedge before any fill was written")
            elif kind in FAILED and record.client_id:
                # A cancel that got nowhere is none; what became of another request of the order does not matter here.
                self._asked -= {record.client_id, self._sides[record.venue].ids.get(record.client_id, "")}
                self.doubt.settled(record.venue, record.client_id)
            elif kind in GONE:
                self._over_by(kind, record)
            elif kind == "Latched":
                self.latches.read(record)
            elif kind == "Cancel" and not self._asked & {record.client_id, record.venue_id} - {""}:
                # Else one is on its way, and nothing has been said of it.
                self.doubt.wanted(record)
        self._read = len(self.journal)

    def _over_by(self, kind: str, record: Any) -> None:
        venue, client_id = record.venue, record.client_id
        key = (venue, client_id)
        self.doubt.settled(venue, client_id)
        if key not in self.places or venue not in self.venues:
            return
        self._over.setdefault(key, kind)
        self._landed(key)
        order = self.venues[venue].exchange.by_client_id(ACCOUNT, client_id)
        if kind == "OrderRejected" and key in self._lies:
            self._refused_ns[key] = self.now_ns
        elif order is not None and order.leaves:
            self.broken("I3", venue, client_id, f"{client_id} is open at the venue, the bot wrote {kind}")

    def _landed(self, key: tuple[str, str]) -> None:
        if self.flying.pop(key, None) is not None:
            self._changes += 1

    def _fill(self, record: Any) -> None:
        known = self._executions.setdefault((record.venue, record.symbol), {})
        if record.execution_id not in known:
            self.caps.filled(record)
        known[record.execution_id] = record.side * record.size

    # --- at rest ------------------------------------------------------------------------------------------------------

    def at_rest(self, now_ns: int) -> None:
        """Check what can only be checked when nothing is on its way: I4, I5, I13 and I14."""
        self.look(now_ns)
        for name, venue in self.venues.items():
            left = [order for order in venue.exchange.open_orders(ACCOUNT) if order.request.client_id]
            if left and self._stopped_ns:
                self.broken("I13", name, "left", f"{len(left)} own orders are left after stop")
            if self.is_alive:
                rest.of_venue(self, name, venue.exchange)
        if self.is_alive:
            rest.together(self)
        for record in self.journal:
            self._hear(repr(record).encode(), "", "the journal")
            for text in (getattr(record, "text", ""), getattr(record, "reason", ""), getattr(record, "config", "")):
                if text:
                    self._hear(text if isinstance(text, bytes) else str(text).encode(), "", "the journal")

    def unheard(self, stopped_ns: int) -> list[Amounts]:
        """Transfers that the bot may be without (`mm.chaos.transfers`), each way that can be right."""
        moved = {name for name, side in self._sides.items() if side.external}
        ways, wrong = self.transfers.ways(stopped_ns, self.now_ns, moved=moved)
        for (venue, asset), evidence in wrong.items():
            self.broken("I5", venue, asset, evidence)
        return ways

    # --- what is broken -----------------------------------------------------------------------------------------------

    def diverged(self, evidence: str) -> None:
        """Two runs that must be the same were not."""
        self.broken("I15", "", evidence, evidence)

    def unbalanced(self, evidence: str) -> None:
        """The bot's own account of its profit does not close against the ledgers."""
        self.broken("I5", "", "profit", evidence)

    def _hear(self, said: bytes, venue: str, where: str) -> None:
        for secret in self._secrets:
            if secret in said:
                self.broken("I14", venue, where, f"a secret is in {where}")

    def broken(self, invariant: str, venue: str, subject: str, evidence: str) -> None:
        if (invariant, venue, subject) not in self._known:
            self._known.add((invariant, venue, subject))
            self.violations.append(Violation(invariant, self.now_ns, venue, evidence))


def _size_units(request: Sent, traded: SimInstrument, *, base: bool = False) -> Any:
    """A written size in the instrument's units; base: as a Decimal of the asset. None where it is between two units."""
    decimals = 0 if traded.contract else traded.size_precision
    size = units(request.size, decimals)
    if size is None:
        return None
    size *= traded.contract or 1
    return Decimal(size).scaleb(-traded.size_precision) if base else size
