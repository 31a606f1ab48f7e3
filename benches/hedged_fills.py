"""Both venues' side of a bot that quotes on Kraken and hedges on MEXC Spot: fills by hand, and answers by hand.

The whole bot first starts against the simulated venues under virtual time, until its quotes rest and both private sides
are up. From then on the messages are made here, as both venues write them, so that a benchmark can have as many fills
as it wants and nothing else runs between them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from time import perf_counter_ns

import orjson

from mm._core import mexc_depth_span
from mm._core.orders import OrderState
from mm.net.actions import Request, Send
from mm.net.http import HttpClient
from mm.simulator.mexc_spot import pushes
from tests.backtest.two_venues import KRAKEN, MEXC, SECOND, TwoVenues

SIZE = 200_000
"""Of a fill, in 10^-8: far under what the quotes are for, so that they stay."""
PERIOD_NS = SECOND
MILLISECOND = 1_000_000
SETTINGS = """
[run]
reconcile_s = 0

[venues.kraken]
tier = "pro"
book_depth = 10
accept_account_wide_timer = true

[venues.mexc_spot]

[strategies.btc]
venue = "kraken"
symbol = "BTC/USD"
spread_bps = 10
quote_size = 1
max_position = 4
refresh_interval_ms = 2000

[hedging.btc]
policy = "{policy}"
primary = "kraken"
symbol = "BTC/USD"
hedge = "mexc_spot"
hedge_symbol = "BTC/USDT"
threshold = 0
{extra}

[limits]
# The messages were recorded on another day and come as fast as they are taken: no side of them is late or dead.
book_lag_ms_max = 0
book_side_age_ms_max = 0
jump_bps_max = 0
max_total_exposure_usd = 10_000_000
default_max_position = 5
max_order_size = 2
"""
DEPTH_TOPIC = "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"
ORDERS_TOPIC = "spot@private.orders.v3.api.pb"
DEALS_TOPIC = "spot@private.deals.v3.api.pb"
PONG = b'{"id":0,"code":0,"msg":"PONG"}'
UNREAD = frozenset(
    {
        "/0/private/OpenOrders",
        "/0/private/TradesHistory",
        "/0/private/Balance",
        "/0/private/TradeVolume",
        "/api/v3/account",
        "/api/v3/tradeFee",
    }
)
HEARTBEAT = b'{"channel":"heartbeat"}'


def text(units: int, decimals: int) -> str:
    """Decimal text as MEXC writes it."""
    whole, rest = divmod(units, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}".rstrip("0").rstrip(".")


class Told:
    """A port that keeps what it is told."""

    def __init__(self, name, port, told):
        self.drain = port.drain
        for method in ("frame", "reply", "deadline"):
            setattr(self, method, self._kept(name, method, getattr(port, method), told))

    @staticmethod
    def _kept(name, method, call, told):
        def keep(*arguments):
            told.append((name, method, arguments))
            call(*arguments)

        return keep


class HedgedFills:
    """Fills the quotes of a bot and answers whatever it sends."""

    def __init__(self, folder, policy="cross_exchange"):
        self.run = TwoVenues(folder, policy=policy, settings=SETTINGS)
        self.sequence = self.version = 0
        self.number = 0
        self.terms = b""
        """The symbols as the hedge venue told them."""
        for name in (KRAKEN, MEXC):
            self._listen(name)
        self.run.run(20)
        self.run.run(60, done=lambda: self.engine.orders.count(OrderState.NEW) == 2)
        self.now_ns = self.run.now_ns
        self.ports = self.run.driver.ports
        self.client = HttpClient("http://127.0.0.1")
        self.sent = []
        """Requests of the hedge venue that left, and the moment of the first one's bytes."""
        self.left_ns = 0
        self.run.driver.on_output = self._output

    @property
    def engine(self):
        return self.run.engine

    @property
    def quotes(self):
        """The resting quotes: bid and ask."""
        return sorted((o for o in self.engine.orders.open() if o.purpose == "quote"), key=lambda o: -o.side)

    def _listen(self, name):
        port = self.run.driver.ports[name]
        hear = self._hear

        class Hearing:
            def __getattr__(self, attribute):
                return getattr(port, attribute)

            def frame(self, now_ns, channel, payload, last=True):
                hear(name, channel, payload)
                port.frame(now_ns, channel, payload, last)

            def reply(_, now_ns, request_id, status, body):
                if b'"symbols":' in body:
                    self.terms = body
                port.reply(now_ns, request_id, status, body)

        self.run.worlds[name].machine = Hearing()

    def _hear(self, name, channel, payload):
        """Remember how far the venues have counted."""
        if name == MEXC and (span := mexc_depth_span(payload)) is not None:
            self.version = span[2]
        elif name == KRAKEN and channel == "private" and b'"sequence":' in payload:
            message = orjson.loads(payload)
            if message["channel"] == "executions":
                self.sequence = message["sequence"]

    def listen(self):
        """Keep whatever the bot is told from now on; returns the growing list of port, method and arguments."""
        told = []
        self.ports = {name: Told(name, port, told) for name, port in self.ports.items()}
        return told

    # --- a fill -----------------------------------------------------------------------------------------------------

    def fill_frame(self, order):
        """One execution of a quote, as Kraken tells it."""
        self.number += 1
        self.sequence += 1
        instrument = self.engine.markets[KRAKEN, "BTC/USD"].instrument
        price = instrument.price_text(order.price)
        cum_size = order.cum_size + SIZE
        cost = order.price * SIZE
        return (
            '{"channel":"executions","type":"update","data":[{'
            f'"timestamp":"{self._stamp()}","order_status":"partially_filled","cl_ord_id":"{order.client_id}",'
            f'"exec_id":"T{self.number:05d}-BENCH-{self.number:06d}","exec_type":"trade","trade_id":{self.number},'
            f'"symbol":"BTC/USD","side":"{"buy" if order.side > 0 else "sell"}",'
            f'"last_qty":{text(SIZE, 8)},"last_price":{price},"liquidity_ind":"m","cost":{text(cost, 9)},'
            f'"order_type":"limit","fees":[{{"asset":"USD","qty":{text(cost // 1000, 9)}}}],'
            f'"cum_qty":{text(cum_size, 8)},"cum_cost":{text(order.price * cum_size, 9)},"fee_usd_equiv":0.1,'
            f'"avg_price":{price},"order_id":"{order.venue_id}"}}],"sequence":{self.sequence}}}'
        ).encode()

    def fill(self, frame):
        """Give the bot a fill; returns when it was given and when the bytes of the hedge order were there, in ns."""
        self.left_ns = 0
        started_ns = perf_counter_ns()
        self.ports[KRAKEN].frame(self.now_ns, "private", frame)
        return started_ns, self.left_ns

    def _output(self, venue):
        """What the shell of the hedge venue does at once: the bytes of the order are made."""
        actions = self.ports[venue].drain()
        for action in actions:
            if type(action) is Request:
                self.client.writer.write(action.request)
        if actions and not self.left_ns:
            self.left_ns = perf_counter_ns()
        self.sent += [(venue, action) for action in actions]

    # --- the rest of the world ---------------------------------------------------------------------------------------

    def wait(self, kraken_book=None):
        """Let time pass: books, heartbeats, timers, and what they lead to."""
        self.now_ns += PERIOD_NS // 2
        kraken, mexc = self.ports[KRAKEN], self.ports[MEXC]
        if kraken_book is not None:
            kraken.frame(self.now_ns, "public", kraken_book)
        kraken.frame(self.now_ns, "public", HEARTBEAT)
        kraken.frame(self.now_ns, "private", HEARTBEAT)
        mexc.frame(self.now_ns, "public", self._depth_push())
        mexc.frame(self.now_ns, "private", PONG)
        kraken.deadline(self.now_ns)
        mexc.deadline(self.now_ns)
        self.settle()

    def settle(self):
        """Answer what was sent, and what the answers lead to."""
        while True:
            actions, self.sent = self.sent, []
            for name, port in self.ports.items():
                actions += [(name, action) for action in port.drain()]
            if not actions:
                return
            for name, action in actions:
                if type(action) is Request:
                    self._answer_call(name, action)
                elif type(action) is Send:
                    self._answer_message(name, action)
                else:
                    raise AssertionError(f"{name}: {action} in the middle of the benchmark")

    def _depth_push(self):
        """The best bid and ask of MEXC once more, each with another size."""
        self.version += 1
        bid, _, ask, _ = self.engine.markets[MEXC, "BTC/USDT"].book.top()
        size = text(100_000_000 + self.version % 1000, 8)
        body = pushes.aggre_depths(
            [(text(ask, 2), size)], [(text(bid, 2), size)], DEPTH_TOPIC, (self.version, self.version), self._ms()
        )
        return pushes.wrapped(DEPTH_TOPIC, "BTCUSDT", None, self._ms(), 313, body)

    def _answer_message(self, name, send):
        """Kraken's answers over the socket: to amends, to the timer, to pings."""
        if name == MEXC:
            self.ports[MEXC].frame(self.now_ns, send.channel, PONG)
            return
        request = orjson.loads(send.payload)
        method, request_id, stamp = request["method"], request["req_id"], self._stamp()
        result = {}
        if method == "amend_order":
            result = {"amend_id": "TSLPPK-3PIRY-F3STLC", "order_id": request["params"]["order_id"]}
        elif method == "cancel_all_orders_after":
            result = {"currentTime": stamp, "triggerTime": stamp}
        elif method != "ping":
            raise AssertionError(f"{method} in the middle of the benchmark")
        answer = {"method": "pong" if method == "ping" else method, "req_id": request_id}
        answer |= {"result": result, "success": True, "time_in": stamp, "time_out": stamp}
        self.ports[KRAKEN].frame(self.now_ns, send.channel, orjson.dumps(answer), method != "amend_order")
        if method == "amend_order":
            self._amended(request["params"])

    def _amended(self, wanted):
        (order,) = [order for order in self.quotes if order.venue_id == wanted["order_id"]]
        self.sequence += 1
        self.ports[KRAKEN].frame(
            self.now_ns,
            "private",
            (
                f'{{"channel":"executions","type":"update","data":[{{"timestamp":"{self._stamp()}",'
                f'"order_status":"new","cl_ord_id":"{order.client_id}","exec_type":"amended",'
                f'"cum_qty":{text(order.cum_size, 8)},"reason":"User requested","amended":true,'
                f'"order_qty":{wanted["order_qty"]:.8f},"limit_price":{wanted["limit_price"]:.1f},'
                f'"limit_price_type":"static","order_id":"{order.venue_id}"}}],"sequence":{self.sequence}}}'
            ).encode(),
        )

    def _answer_call(self, name, action):
        """MEXC's answers over HTTP: to hedges, and to what the upkeep of a link reads."""
        path, port = action.request.path.partition("?")[0], self.ports[name]
        answers = {
            "/api/v3/time": {"serverTime": self._ms()},
            "/api/v3/openOrders": [],
            "/api/v3/myTrades": [],
            "/api/v3/userDataStream": {"listenKey": "kept"},
        }
        if action.request.method == "POST" and path == "/api/v3/order":
            self._hedged(action)
        elif path in answers:
            port.reply(self.now_ns, action.request_id, 200, orjson.dumps(answers[path]))
        elif path == "/api/v3/exchangeInfo":
            # Each minute, as no stream tells of terms that change: they are those of the start.
            port.reply(self.now_ns, action.request_id, 200, self.terms)
        elif path in UNREAD:
            # The whole account is read after a connect, its fees now and then, beside what is measured: not now.
            port.reply(self.now_ns, action.request_id, 503, b"")
        else:
            raise AssertionError(f"{action} in the middle of the benchmark")

    def _hedged(self, action):
        """Take a hedge and fill it whole: the response, the order's news, the deal."""
        wanted = dict(pair.split("=") for pair in action.request.path.partition("?")[2].split("&"))
        client_id, price, size = wanted["newClientOrderId"], wanted["price"], wanted["quantity"]
        venue_id = f"C02__{self.number:018d}"
        row = {"symbol": "BTCUSDT", "orderId": venue_id, "orderListId": -1, "price": price, "origQty": size}
        row |= {"type": wanted["type"], "side": wanted["side"], "transactTime": self._ms()}
        port = self.ports[MEXC]
        port.reply(self.now_ns, action.request_id, 200, orjson.dumps(row))
        side = 1 if wanted["side"] == "BUY" else 2
        amount = f"{float(price) * float(size):.6f}"
        order = pushes.OrderPush(
            venue_id, client_id, price, size, amount, price, 3, side, False, "0", "0", size, size, amount, 2, self._ms()
        )
        port.frame(
            self.now_ns,
            "private",
            pushes.wrapped(ORDERS_TOPIC, "BTCUSDT", self._ms(), self._ms(), pushes.ORDERS, order.encode()),
            False,
        )
        deal = pushes.DealPush(
            price, size, amount, side, False, False, f"D{self.number}", client_id, venue_id, "0", "USDT", self._ms()
        )
        port.frame(
            self.now_ns,
            "private",
            pushes.wrapped(DEALS_TOPIC, "BTCUSDT", self._ms(), self._ms(), pushes.DEALS, deal.encode()),
        )

    def _ms(self):
        return self.now_ns // MILLISECOND

    def _stamp(self):
        moment = datetime.fromtimestamp(self.now_ns // SECOND, UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{self.now_ns % SECOND // 1000:06d}Z"
