"""Quotes on Kraken, hedges in perpetuals of 0.0001 BTC on MEXC Futures: literal events in, commands out."""

import json

from mm._core import events as ev
from mm.config import Environment, load
from mm.config.canonical import from_json, to_json
from mm.engine import Engine
from mm.exchanges import find
from mm.inventory.hedging import parameters_of as policies_of
from mm.persistence.recorder import MemoryRecorder
from mm.strategies import parameters_of
from tests.engine.world import BTC, KRAKEN, START, World, instrument

BUY, SELL = 1, -1
FUTURES, PERPETUAL = "mexc_futures", "BTC/USDT:USDT"
CONTRACT = 10_000
"""Size units of a BTC/USD quote in one contract."""
UNIT = 10**8
"""One contract in 10^-12 of the base asset."""
E12 = 10**12
SETTINGS = """
[venues.kraken]
accept_account_wide_timer = false
dead_man_switch_s = 60

[venues.mexc_futures]
{venue}

[strategies.test]
symbol = "BTC/USD"
spread_bps = 2
quote_size = 0.01
max_position = 0.05
refresh_interval_ms = 0
refresh_tolerance_bps = 0
max_order_age_s = 0

[hedging.btc]
policy = "immediate"
primary = "kraken"
symbol = "BTC/USD"
hedge = "mexc_futures"
hedge_symbol = "BTC/USDT:USDT"
threshold = 0
debt_max_usd = 1000
{hedging}

[limits]
default_max_position = 1
max_total_exposure_usd = 1_000_000
{limits}
"""


def perpetual(**changes):
    facts = {
        "venue": FUTURES,
        "symbol": PERPETUAL,
        "quote": "USDT",
        "settle": "USDT",
        "size_precision": 0,
        "size_min": 1,
        "cost_min": 0,
        "multiplier": 1,
        "multiplier_precision": 4,
        "margin": True,
        "maker_fee_e8": 60_000,
        "taker_fee_e8": 80_000,
    }
    return instrument(**(facts | changes))


def spot(**changes):
    facts = {
        "venue": "mexc_spot",
        "symbol": "BTC/USDT",
        "settle": "",
        "size_precision": 8,
        "lot": 1000,
        "multiplier_precision": 0,
        "margin": False,
    }
    return perpetual(**(facts | changes))


class Contracts(World):
    """An engine on both venues."""

    def __init__(self, path, *, settings=SETTINGS, **parts):
        path.write_text(settings.format(**({"venue": "", "hedging": "", "limits": ""} | parts)))
        self.settings = load(path, Environment({}), parameters_of=parameters_of, policies_of=policies_of)
        self.recorder = MemoryRecorder(keep=True)
        self.now = START
        self.start = ev.Start(START, 1, 7, to_json(self.settings))
        self.recorder.record(self.start)
        self.engine = self.made(self.start, self.settings, self.recorder)
        self.executions = self.version = 0

    @staticmethod
    def made(start, settings, recorder):
        return Engine(start, settings, {name: find(name) for name in settings.venues}, recorder)

    def replayed(self):
        start, *events = self.recorder.events
        engine = self.made(start, from_json(start.config, parameters_of, policies_of), MemoryRecorder())
        for event in events:
            engine.apply(event)
        return engine

    @property
    def desk(self):
        return self.engine.desks["btc"]

    @property
    def market(self):
        return self.engine.markets[FUTURES, PERPETUAL]

    def futures_up(self, usdt=1_000_000, **changes):
        self.tell(
            ev.InstrumentUpdate(self.now, FUTURES, PERPETUAL, perpetual(**changes).to_json()),
            ev.LinkChanged(self.now, FUTURES, "public", True, ""),
            self.margin(usdt),
            ev.LinkChanged(self.now, FUTURES, "private", True, ""),
        )
        self.futures_book()

    def margin(self, available, orders=0):
        """The margin account, in USDT."""
        amounts = [int(amount * E12) for amount in (available + orders, available, 0, orders)]
        return ev.MarginReport(self.now, FUTURES, "USDT", *amounts, 0, 0, "query")

    def position(self, signed, *, liquidation=0.0, entry=60_000.0, position_id="P1", leverage=10, source="stream"):
        """What the venue holds for us: contracts, and where it takes them over."""
        side = 1 if signed >= 0 else -1
        self.tell(
            ev.PositionReport(
                self.now, self.now, FUTURES, PERPETUAL, position_id, side, abs(signed), 0, int(entry * E12),
                int(liquidation * E12), 0, leverage, False, 0, 0, 0, -1, 1, 0, source,
            )
        )  # fmt: skip

    def mark(self, price):
        self.tell(ev.MarkPrice(self.now, self.now, FUTURES, PERPETUAL, int(price * E12), int(price * E12)))

    def funding(self, amount, record="R1", settle_ns=0, side=-1):
        settle_ns = settle_ns or self.now
        self.tell(
            ev.FundingPaid(
                self.now, settle_ns, FUTURES, PERPETUAL, record, side, int(amount * E12), "USDT", 10**8, 600 * E12
            )
        )

    def alerts(self):
        return [event.text for event in self.recorder.events if type(event) is ev.Alert]

    def hedged(self, size=100):
        """A quote was filled and hedged: the venue has our short, and says so."""
        (hedge,) = self.quote_fills(self.bid, size * CONTRACT)
        for order in self.engine.orders.open_of(KRAKEN, "BTC/USD"):
            if not order.venue_id:
                self.tell(ev.OrderAccepted(self.now, self.now, KRAKEN, order.client_id, "V" + order.client_id))
        self.hedge_fills(hedge, size)
        self.position(-size)
        return hedge

    def wait(self, seconds, price=60_000.5):
        """Time passes with a mark price each second, as the venue tells it; returns what was sent."""
        sent = []
        for _ in range(int(seconds)):
            self.now += 1_000_000_000
            self.mark(price)
            self.futures_book(int(price * 10) - 5, int(price * 10) + 5)
            placed = [each for each in self.decide() if type(each) is ev.Place]
            self.accept(*(each for each in placed if each.venue == KRAKEN))
            sent += placed
        return sent

    def futures_book(self, bid=600_000, ask=600_010, size=100_000):
        """size: contracts of each level."""
        self.version += 1
        if self.version > 1:
            # A snapshot counts where none is known.
            self.tell(ev.BookReset(self.now, FUTURES, PERPETUAL, "again"))

        def rows(*prices):
            return [[price / 10, size, 1] for price in prices]

        data = {"asks": rows(ask, ask + 10), "bids": rows(bid, bid - 10), "version": self.version, "timestamp": 1}
        text = json.dumps({"success": True, "code": 0, "data": data})
        self.tell(ev.BookFrame(self.now, FUTURES, b"snapshot BTC_USDT\n" + text.encode()))

    def ready_to_quote(self):
        """Both venues are up; remembers the quotes that stand."""
        self.futures_up()
        self.bid, self.ask = self.ready()
        self.decide()
        return self

    def quote_fills(self, place, size):
        """A quote on Kraken is filled; returns the hedges that follow."""
        self.executions += 1
        self.fill(place, size, f"K{self.executions}")
        return self.hedges()

    def hedges(self, after_ns=0):
        return [each for each in self.decide(after_ns) if type(each) is ev.Place and each.purpose == "hedge"]

    def hedge_fills(self, place, size, price=0, fee=0, execution=""):
        self.executions += 1
        fill = ev.Fill(
            self.now, self.now, FUTURES, place.client_id, "V" + place.client_id, PERPETUAL, place.side,
            execution or f"F{self.executions}", price or place.price, size, -1, "t", fee, "USDT",
        )  # fmt: skip
        self.tell(fill)
        return fill

    def hedge_ends(self, place):
        """What a crossing order did not fill at once is cancelled by the venue."""
        self.tell(ev.OrderCanceled(self.now, self.now, FUTURES, place.client_id, "V" + place.client_id, -1, "ioc"))

    def quotes_standing(self):
        """The sides of quotes that nobody asked to cancel."""
        orders = self.engine.orders.open_of(KRAKEN, "BTC/USD")
        return sorted(order.side for order in orders if not order.cancel_asked)


class WithFallback(Contracts):
    """Hedges in contracts, and on spot where those give nothing."""

    def __init__(self, path, *, after=10, **parts):
        hedging = f'fallback = "mexc_spot"\nfallback_symbol = "BTC/USDT"\nfallback_after_s = {after}'
        super().__init__(path, hedging=hedging, **parts)

    def spot_book(self, bid=600_000, ask=600_010, size=BTC):
        market = self.engine.markets["mexc_spot", "BTC/USDT"]
        market.book.apply_snapshot([(bid, size)], [(ask, size)])
        market.book_ns = self.now
        market.take_top()

    def ready_to_quote(self, btc=10):
        self.tell(
            ev.InstrumentUpdate(self.now, "mexc_spot", "BTC/USDT", spot().to_json()),
            ev.LinkChanged(self.now, "mexc_spot", "public", True, ""),
            ev.Balance(self.now, "mexc_spot", "BTC", btc * E12, "snapshot"),
            ev.Balance(self.now, "mexc_spot", "USDT", 10**6 * E12, "snapshot"),
            ev.LinkChanged(self.now, "mexc_spot", "private", True, ""),
        )
        self.spot_book()
        return super().ready_to_quote()
