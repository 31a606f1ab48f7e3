"""An engine with its recorder and a book to quote from: literal events in, commands out."""

from __future__ import annotations

from zlib import crc32

from mm._core import events as ev
from mm.config import Environment, load
from mm.config.canonical import from_json, to_json
from mm.engine import Engine
from mm.exchanges.kraken import VENUE
from mm.instruments import Instrument
from mm.persistence.recorder import MemoryRecorder

KRAKEN, SYMBOL = "kraken", "BTC/USD"
MS, SECOND = 1_000_000, 1_000_000_000
START = 1_700_000_000 * SECOND
BTC = 10**8

SETTINGS = """
[venues.kraken]
accept_account_wide_timer = false
dead_man_switch_s = 60

[strategies.test]
symbol = "BTC/USD"
spread_bps = 2
quote_size = 0.01
max_position = 0.05
inventory_skew_factor = 1
refresh_interval_ms = 0
refresh_tolerance_bps = 0
max_order_age_s = 0
{extra}

[limits]
max_per_symbol = {{ "BTC/USD" = 0.06 }}
{limits}
"""


def instrument(**changes):
    facts = {
        "venue": KRAKEN,
        "symbol": SYMBOL,
        "base": "BTC",
        "quote": "USD",
        "price_precision": 1,
        "size_precision": 8,
        "size_min": 5000,
        "cost_min": 5 * 10**8,
    }
    return Instrument(**(facts | changes))


def book_frame(bids, asks, kind="snapshot", checksum=None):
    """A frame as Kraken writes it, with its true checksum (of a book that is just these levels) unless one is given."""

    def rows(levels):
        return ",".join(f'{{"price":{price // 10}.{price % 10},"qty":{size / BTC:.8f}}}' for price, size in levels)

    text = "".join(f"{price}{size}" for side in (asks, bids) for price, size in side[:10])
    number = crc32(text.encode()) if checksum is None else checksum
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{SYMBOL}","bids":[{rows(bids)}],'
        f'"asks":[{rows(asks)}],"checksum":{number},"timestamp":"2023-11-14T22:13:20.000000Z"}}]}}'
    ).encode()


class World:
    def __init__(self, extra="", limits="", settings=SETTINGS, path=None, epoch=7):
        path.write_text(settings.format(extra=extra, limits=limits))
        self.settings = load(path, Environment({}))
        self.recorder = MemoryRecorder(keep=True)
        self.now = START
        self.start = ev.Start(START, 1, epoch, to_json(self.settings))
        self.recorder.record(self.start)
        self.engine = Engine(self.start, self.settings, {KRAKEN: VENUE}, self.recorder)

    def tell(self, *events):
        for event in events:
            self.recorder.record(event)
            self.engine.apply(event)

    def decide(self, after_ns=0):
        self.now += after_ns
        return self.engine.decide(self.now)

    # --- what the venue says ---

    def instrument(self, **changes):
        self.tell(ev.InstrumentUpdate(self.now, KRAKEN, SYMBOL, instrument(**changes).to_json()))

    def up(self, btc=10, usd=10_000_000):
        self.tell(
            ev.LinkChanged(self.now, KRAKEN, "public", True, ""),
            ev.Balance(self.now, KRAKEN, "BTC", int(btc * 10**12), "snapshot"),
            ev.Balance(self.now, KRAKEN, "USD", int(usd * 10**12), "snapshot"),
            ev.LinkChanged(self.now, KRAKEN, "private", True, ""),
        )

    def down(self, channel="private"):
        self.tell(ev.LinkChanged(self.now, KRAKEN, channel, False, "cut"))

    def book(self, bid, ask, size=BTC, **more):
        frame = book_frame([(bid, size), (bid - 10, size)], [(ask, size), (ask + 10, size)], **more)
        self.tell(ev.BookFrame(self.now, KRAKEN, frame))

    def accept(self, *places):
        for place in places:
            self.tell(ev.OrderAccepted(self.now, self.now, KRAKEN, place.client_id, "V" + place.client_id))

    def fill(self, place, size, execution="E1", price=0, cum=-1, fee=0, fee_asset="USD"):
        self.tell(
            ev.Fill(
                self.now,
                self.now,
                KRAKEN,
                place.client_id,
                "V" + place.client_id,
                SYMBOL,
                place.side,
                execution,
                price or place.price,
                size,
                cum,
                "m",
                fee,
                fee_asset,
            )
        )

    def canceled(self, *cancels):
        for cancel in cancels:
            self.tell(ev.OrderCanceled(self.now, self.now, KRAKEN, cancel.client_id, cancel.venue_id, -1, "asked"))

    def ready(self, bid=600_000, ask=600_010):
        """Everything is up; returns the first quotes, accepted."""
        self.instrument()
        self.up()
        self.book(bid, ask)
        places = [command for command in self.decide() if type(command) is ev.Place]
        self.accept(*places)
        self.decide()
        return places

    def replayed(self):
        """A fresh engine that was given the recording, from its first event."""
        start, *events = self.recorder.events
        engine = Engine(start, from_json(start.config), {KRAKEN: VENUE}, MemoryRecorder())
        for event in events:
            engine.apply(event)
        return engine
