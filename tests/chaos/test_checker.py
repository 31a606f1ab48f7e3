"""Each invariant is broken on purpose, by a bot, a wire or a journal that lies: the judge has to say so by its id."""

from dataclasses import replace
from decimal import Decimal

import pytest

from mm._core import events as ev
from mm.chaos.faults import Fault
from mm.chaos.names import TOKEN
from mm.chaos.settings import read
from mm.chaos.wire import Sent, of_frame, of_request
from mm.chaos.world import SECOND, World
from mm.simulator.kinds import ACCOUNT, KRAKEN, MEXC_FUTURES, MEXC_SPOT
from mm.simulator.orders import NewOrder, OrderType, TimeInForce
from tests.chaos.judged import SEED, broken, good_place, intent, later, standing, young_world

FUTURES_SEED = 2
"""Hedges on MEXC Futures."""
PERPETUAL = "BTC/USDT:USDT"


@pytest.fixture
def world():
    made = young_world()
    assert made.venues[MEXC_SPOT].exchange.trades(ACCOUNT)
    return made


class Believes:
    """A bot that believes other things than it does."""

    def __init__(self, world, open_orders=None, change=None, owed=0):
        self.world, self.believed, self.change, self.owed = world, open_orders, change, owed

    def open_orders(self):
        return self.world.open_orders() if self.believed is None else self.believed

    def positions(self):
        found = self.world.positions()
        return {key: self.change(*value) for key, value in found.items()} if self.change else found

    def debt(self):
        return self.world.debt() + self.owed


def test_a_sound_run_breaks_nothing(world):
    world._rest()
    world._stop()
    world.checker.at_rest(world.now_ns)
    assert not world.checker.violations
    assert world.checker.looks > 50


def test_i1_two_orders_of_one_intent(world):
    order = standing(world)
    exchange = world.venues[KRAKEN].exchange
    exchange.cancel(world.now_ns, order.order_id, "")
    exchange.place(world.now_ns, order.request)
    world.checker.look(world.now_ns)
    assert "I1" in broken(world)


def test_i2_an_open_order_that_the_bot_has_forgotten(world):
    world.checker.bot = Believes(world, open_orders=set())
    later(world)
    assert "I2" in broken(world)


@pytest.mark.parametrize("kind", [ev.OrderCanceled, ev.OrderExpired])
def test_i3_an_order_that_the_bot_takes_for_over_without_the_venues_word(world, kind):
    order = standing(world)
    world.journal.events.append(
        kind(world.now_ns, 0, KRAKEN, order.request.client_id, order.order_id, order.cum_size, "silence")
    )
    world.checker.look(world.now_ns)
    assert broken(world) == {"I3"}


def test_i2_an_order_that_a_venue_refused_and_has_may_stand_until_lists_were_read(world):
    order = standing(world)
    head = (world.now_ns, 0, KRAKEN, order.request.client_id, order.order_id)
    world.checker.bot = Believes(world, open_orders=world.open_orders() - {(KRAKEN, order.request.client_id)})
    world.checker.lied(KRAKEN, order.request.client_id)
    world.journal.events.append(ev.OrderRejected(*head, "2005", "they say"))
    world.checker.look(world.now_ns)
    assert not world.checker.violations
    world.checker.look(world.now_ns + 91 * SECOND, KRAKEN)
    intent(world, "mm1Qzy")
    world.checker.look(world.now_ns + 91 * SECOND)
    assert "I2" in broken(world)


def test_i3_a_lie_about_one_order_excuses_no_other(world):
    one, other = world.venues[KRAKEN].exchange.open_orders(ACCOUNT)[:2]
    world.checker.lied(KRAKEN, one.request.client_id)
    world.checker.lied(KRAKEN, "mm1Qnone")
    head = (world.now_ns, 0, KRAKEN, other.request.client_id, other.order_id)
    world.journal.events.append(ev.OrderRejected(*head, "2005", "they say"))
    world.checker.look(world.now_ns)
    assert broken(world) == {"I3"}


def test_i3_an_order_that_comes_to_be_after_it_was_given_up(world):
    intent(world, "mm1Qzz")
    world.journal.events.append(ev.OrderAbsent(world.now_ns, 0, KRAKEN, "mm1Qzz", "", "one list without it"))
    world.checker.look(world.now_ns)
    assert not world.checker.violations
    order = replace(standing(world).request, client_id="mm1Qzz", size=10_000)
    world.venues[KRAKEN].exchange.place(world.now_ns, order)
    world.checker.look(world.now_ns)
    assert "I3" in broken(world)


def test_i3_an_order_that_comes_to_be_after_it_was_over(world):
    intent(world, "mm1Qzz")
    world.journal.events.append(ev.OrderCanceled(world.now_ns, 0, KRAKEN, "mm1Qzz", "", 0, "silence"))
    world.checker.look(world.now_ns)
    order = replace(standing(world).request, client_id="mm1Qzz", size=10_000)
    world.venues[KRAKEN].exchange.place(world.now_ns, order)
    world.checker.look(world.now_ns)
    assert "I3" in broken(world)


def test_i4_an_execution_that_was_booked_twice(world):
    world.checker.bot = Believes(world, change=lambda quantity, cash, fees: (quantity + 200_000, cash, fees))
    world.checker.at_rest(world.now_ns)
    assert "I4" in broken(world)


def test_i4_an_execution_that_no_venue_has(world):
    fill = next(event for event in world.journal.events if type(event) is ev.Fill)
    names = ("venue_ns", "venue", "client_id", "venue_id", "symbol", "side", "execution_id", "price", "size")
    facts = {name: getattr(fill, name) for name in names} | {"execution_id": "TINVENTED"}
    world.journal.events.append(
        ev.Fill(world.now_ns, *facts.values(), fill.cum_size, fill.liquidity, fill.fee, fill.fee_asset)
    )
    world.checker.at_rest(world.now_ns)
    assert "I4" in broken(world)


@pytest.mark.parametrize("named", ["before", "after", "never"])
def test_i4_a_fill_without_a_client_id_is_its_orders_by_the_venues_id(world, named):
    """Whose it is, the record says that tells both ids, whichever comes first."""
    intent(world, "mm1Qzz")
    order = world.venues[KRAKEN].exchange.place(world.now_ns, replace(standing(world).request, client_id="mm1Qzz"))
    debt = world.checker.caps._debt
    told = ev.OrderAccepted(world.now_ns, 0, KRAKEN, "mm1Qzz", order.order_id)
    made = ("BTC/USD", -1, "TZZ", 600_000, 70_000, -1, "m", 0, "USD")
    fill = ev.Fill(world.now_ns, 0, KRAKEN, "", order.order_id, *made)
    world.journal.events += {"before": [told, fill, fill], "after": [fill, fill, told], "never": [fill]}[named]
    world.checker.look(world.now_ns)
    is_known = named != "never"
    written = world.checker._executions[KRAKEN, "BTC/USD"]
    assert written.get("TZZ") == (-70_000 if is_known else None)
    assert world.checker.caps._debt - debt == (-70_000 * 10_000 if is_known else 0)


def test_i4_the_fills_of_a_run_may_all_come_without_a_client_id(world, monkeypatch):
    class Nameless(list):
        """The journal's events; its fills of spot, which take the debt away, without a name."""

        def __init__(self, events):
            super().__init__()
            self.events = events

        def __len__(self):
            return len(self.events)

        def __iter__(self):
            return iter(self[:])

        def __getitem__(self, index):
            return [nameless(event) for event in self.events[index]]

    def nameless(event):
        if type(event) is not ev.Fill or event.venue != MEXC_SPOT:
            return event
        names = ("venue_id", "symbol", "side", "execution_id", "price", "size", "cum_size", "liquidity", "fee")
        facts = [getattr(event, name) for name in names]
        return ev.Fill(event.recv_ns, event.venue_ns, event.venue, "", *facts, event.fee_asset)

    monkeypatch.setattr(world.checker, "journal", Nameless(world.journal.events))
    before = len(world.venues[MEXC_SPOT].exchange.trades(ACCOUNT))
    later(world, 30)
    world._rest()
    world._stop()
    world.checker.at_rest(world.now_ns)
    assert len(world.venues[MEXC_SPOT].exchange.trades(ACCOUNT)) > before
    assert not world.checker.violations
    assert world.checker.caps._debt == world.debt()


@pytest.mark.parametrize("change", ["cash", "fees"])
@pytest.mark.parametrize(("untold", "is_broken"), [((), True), ((MEXC_SPOT,), True), ((KRAKEN, MEXC_SPOT), False)])
def test_i5_money_that_is_not_the_venues(world, change, untold, is_broken):
    def lies(quantity, cash, fees):
        return (quantity, cash + 1, fees) if change == "cash" else (quantity, cash, {})

    world._rest()
    world._stop()
    world.checker.bot = Believes(world, change=lies)
    world.checker.untold = untold
    world.checker.at_rest(world.now_ns)
    assert broken(world) == ({"I5"} if is_broken else set())


def test_i5_a_debt_that_is_not_what_is_held(world):
    world._rest()
    world._stop()
    world.checker.bot = Believes(world, owed=1)
    world.checker.at_rest(world.now_ns)
    assert broken(world) == {"I5"}


def test_i5_a_profit_that_does_not_close(monkeypatch):
    monkeypatch.setattr(World, "residual", lambda world, unheard: 1)
    report = World(read(None, SEED), SEED, [], 40).play()
    assert {violation.invariant for violation in report.violations} == {"I5"}


def transfer(venue, asset, value, at_s, told="push"):
    rule = {"on": "clock", "action": "transfer", "text": asset, "value": value, "told": told, "at_s": at_s}
    return Fault(11, venue, rule)


def cut(at_s):
    return Fault(11, MEXC_FUTURES, {"on": "clock", "action": "adl", "percent": 100, "told": "lists", "at_s": at_s})


def shut_out():
    """A position is taken while the venue lets nobody read, and the bot is stopped before it does."""
    ban = {"on": "clock", "action": "ban", "status": 418, "duration_s": 60, "at_s": 90}
    faults = [Fault(9, MEXC_FUTURES, ban), cut(100), Fault(12, "", {}, "stop", 101)]
    made = World(read(None, FUTURES_SEED), FUTURES_SEED, faults, 120)
    return made, made.play()


def test_i4_i5_what_no_push_told_and_nobody_could_read_need_not_be_known():
    made, report = shut_out()
    assert report.actions["clock adl"] == 1
    assert made.checker.external(MEXC_FUTURES)
    assert made.positions()[MEXC_FUTURES, PERPETUAL][0] != made.checker.position(MEXC_FUTURES)
    assert report.is_good, (report.violations, report.crash)


def forgets(size):
    return lambda quantity, cash, fees: (quantity - size, cash, fees)


def test_i4_what_the_lists_have_told_is_to_be_known():
    faults = [cut(60)]
    made = World(read(None, FUTURES_SEED), FUTURES_SEED, faults, 200)
    report = made.play()
    assert report.is_good, (report.violations, report.crash)
    taken = made.checker.external(MEXC_FUTURES)
    assert taken
    made.checker.bot = Believes(made, change=forgets(taken))
    made.checker.at_rest(made.now_ns)
    assert broken(made) == {"I4"}


def test_i4_i5_what_nobody_could_read_excuses_no_other_size():
    made, report = shut_out()
    assert report.is_good
    made.checker.bot = Believes(made, change=forgets(1))
    made.checker.at_rest(made.now_ns)
    assert broken(made) == {"I4", "I5"}


MOVES = [
    transfer(KRAKEN, "BTC", -0.07, 20), transfer(KRAKEN, "USD", 123.4567, 25), transfer(MEXC_SPOT, "USDT", -55.5, 26),
    transfer(MEXC_SPOT, "BTC", 0.03, 27, "lists"), transfer(KRAKEN, "USD", -10.01, 30, "lists"),
]  # fmt: skip


def test_i5_transfers_are_nobodys_position_and_no_profit():
    report = World(read(None, SEED), SEED, MOVES, 120).play()
    assert report.is_good, (report.violations, report.crash)
    assert report.actions == {"clock transfer": 5}


def test_i5_a_transfer_that_the_bot_never_finds():
    settings = read(None, SEED)
    settings = replace(settings, run=replace(settings.run, reconcile_s=Decimal(0)))
    report = World(settings, SEED, MOVES[-1:], 150).play()
    # It says so at its end, but could have read the venue all the time.
    assert [(each.invariant, each.venue) for each in report.violations] == [("I5", KRAKEN), ("I5", "")]
    # Too shortly before the end to be found.
    late = transfer(KRAKEN, "USD", -10.01, 110, "lists")
    assert World(settings, SEED, [late], 150).play().is_good


def test_i5_a_difference_that_is_told_and_is_no_transfer(world):
    world._rest()
    world._stop()
    said = (world.now_ns, KRAKEN, "balance", "USD", "", "", 5 * 10**12, "two reads that agree", "unexplained")
    world.journal.events.append(ev.Difference(*said))
    world.checker.look(world.now_ns)
    world.checker.unheard(world.now_ns)
    assert broken(world) == {"I5"}


@pytest.mark.parametrize("asset", ["base", TOKEN])
def test_i5_fees_in_another_asset_are_the_venues_to_the_last_unit(asset):
    taken = Fault(10, MEXC_SPOT, {"on": "clock", "action": "fee_asset", "text": asset, "at_s": 20})
    made = World(read(None, SEED), SEED, [taken], 120)
    report = made.play()
    assert report.is_good, (report.violations, report.crash)
    charged = {entry.asset for entry in made.venues[MEXC_SPOT].exchange.ledger.entries if entry.fee}
    assert ("BTC" if asset == "base" else TOKEN) in charged

    def lies(quantity, cash, fees):
        return quantity, cash, {asset: fee for asset, fee in fees.items() if asset not in ("BTC", TOKEN)}

    made.checker.bot = Believes(made, change=lies)
    made.checker.at_rest(made.now_ns)
    assert broken(made) == {"I5"}


def test_i2_an_order_that_the_bot_counts_for_ever(world):
    world._rest()
    world._stop()
    world.checker.bot = Believes(world, open_orders={(KRAKEN, "mm1Q1")})
    world.checker.at_rest(world.now_ns)
    assert broken(world) == {"I2"}


def test_i6_more_than_the_limit_on_the_worst_case(world):
    order = replace(standing(world).request, client_id="mm1Qzz", size=15 * 10**6)
    intent(world, "mm1Qzz", size=order.size)
    world.venues[KRAKEN].exchange.place(world.now_ns, order)
    world.checker.look(world.now_ns)
    assert "I6" in broken(world)


def test_i6_what_is_on_the_way_counts(world):
    for index in range(12):
        intent(world, f"mm1Qz{index}")
        world.checker.sent(world.now_ns, KRAKEN, good_place(world, f"mm1Qz{index}", size="0.01"))
    later(world)
    assert "I6" in broken(world)


def test_i6_one_order_that_is_too_large(world):
    intent(world, "mm1Qzz")
    world.checker.sent(world.now_ns, KRAKEN, good_place(world, size="0.2"))
    assert "I6" in broken(world)


def test_i7_bytes_that_leave_before_their_intent_is_written(world):
    world.checker.sent(world.now_ns, KRAKEN, good_place(world))
    assert broken(world) == {"I7"}


@pytest.mark.parametrize(
    ("field", "text"),
    [("price", "NaN"), ("price", "60000.05"), ("price", "-1"), ("price", "45000.0"), ("size", "0"), ("size", "1e-9")],
)
def test_i8_a_number_that_no_venue_should_see(world, field, text):
    intent(world, "mm1Qzz")
    world.checker.sent(world.now_ns, KRAKEN, good_place(world, **{field: text}))
    assert broken(world) == {"I8"}


@pytest.mark.parametrize("is_lied", [False, True])
def test_i11_a_hedge_of_more_than_is_owed(world, is_lied):
    exchange = world.venues[MEXC_SPOT].exchange
    symbol = next(iter(exchange.instruments))
    size = 10 * sum(trade.size for trade in world.venues[KRAKEN].exchange.trades(ACCOUNT))
    intent(world, "mm1Hzz", "hedge", MEXC_SPOT, symbol, size=size)
    exchange.place(
        world.now_ns,
        NewOrder(
            ACCOUNT, symbol, 1, size, 10**8, OrderType.LIMIT, TimeInForce.IOC, client_id="mm1Hzz"
        ),
    )  # fmt: skip
    if is_lied:
        # A lie excuses the hedge that follows it and the one that takes it back: twice what it filled, and no more.
        other = exchange.order(exchange.trades(ACCOUNT)[0].order_id)
        world.checker.lied(MEXC_SPOT, other.request.client_id)
        assert 2 * other.cum_size < size // 2
    world.checker.look(world.now_ns)
    assert "I11" in broken(world)


def test_i11_a_hedge_that_was_refused_and_filled_may_be_sent_again_and_taken_back(world):
    exchange = world.venues[MEXC_SPOT].exchange
    other = exchange.order(exchange.trades(ACCOUNT)[0].order_id)
    checker = world.checker
    owed = checker._volumes["quote"] + checker.bounds.lot
    checker._volumes["hedge"] = owed + 2 * other.cum_size * 10**4
    checker.lied(MEXC_SPOT, other.request.client_id)
    checker._look_at_hedges(MEXC_SPOT)
    assert not broken(world)
    checker._volumes["hedge"] += 1
    checker._look_at_hedges(MEXC_SPOT)
    assert broken(world) == {"I11"}


def test_i12_an_id_that_is_sent_again(world):
    world.checker.sent(world.now_ns, KRAKEN, good_place(world, standing(world).request.client_id))
    assert "I12" in broken(world)


def test_i12_a_nonce_that_does_not_rise(world):
    for nonce in ("9999999999999999", "9999999999999999"):
        world.checker.sent(world.now_ns, KRAKEN, Sent("other", nonce=nonce))
    assert broken(world) == {"I12"}


def test_i13_a_stop_after_which_no_cancel_leaves(world):
    world.checker.stopped(world.now_ns)
    world.checker.look(world.now_ns + SECOND // 5)
    assert broken(world) == {"I13"}


@pytest.mark.parametrize("word", [ev.CancelRejected, ev.OutcomeUnknown, None])
def test_i13_a_cancel_that_got_nowhere_excuses_no_stop(world, word):
    checker = world.checker
    for order in world.venues[KRAKEN].exchange.open_orders(ACCOUNT):
        name = order.request.client_id
        checker.sent(world.now_ns, KRAKEN, Sent("cancel", venue_id=order.order_id))
        head = (world.now_ns, 0, KRAKEN, name, order.order_id)
        if word is ev.CancelRejected:
            world.journal.events.append(word(*head, "busy", "busy", False))
        elif word is not None:
            world.journal.events.append(word(*head, "cancel", "HTTP status 429"))
    checker.look(world.now_ns)
    checker.stopped(world.now_ns)
    checker.look(world.now_ns + SECOND // 5)
    assert broken(world) == ({"I13"} if word is not None else set())


def test_i13_orders_that_are_left(world):
    world.checker.stopped(world.now_ns)
    world.checker.at_rest(world.now_ns)
    assert broken(world) == {"I13"}


def test_i13_a_quote_after_stop(world):
    world._stop()
    intent(world, "mm1Qzz")
    world.checker.sent(world.now_ns, KRAKEN, good_place(world))
    assert "I13" in broken(world)


@pytest.mark.parametrize("kind", ["place", "amend"])
def test_i13_a_rescue_only_cancels(world, kind):
    world.checker.is_alive = False
    world.checker.sent(world.now_ns, KRAKEN, Sent("cancel", "mm1Qzz"))
    assert not broken(world)
    world.checker.sent(world.now_ns, KRAKEN, good_place(world, kind=kind))
    assert broken(world) == {"I13"}


@pytest.mark.parametrize("where", ["wire", "journal"])
def test_i14_a_secret_that_gets_out(world, where):
    secret = world.venues[KRAKEN].api_secret
    if where == "wire":
        world.checker.sent(world.now_ns, KRAKEN, Sent("other"), f'{{"key":"{secret}"}}'.encode())
    else:
        world.journal.events.append(ev.Alert(world.now_ns, "info", f"signed with {secret}"))
        world.checker.at_rest(world.now_ns)
    assert "I14" in broken(world)


def test_i15_a_journal_that_does_not_lead_to_the_state():
    world = World(read(None, SEED), SEED, [], 40)
    original = world._stop

    def lose_a_fill():
        original()
        events = world.journal.events
        events.remove(next(event for event in events if type(event) is ev.Fill))

    world._stop = lose_a_fill
    report = world.play()
    assert "I15" in {violation.invariant for violation in report.violations}


def test_requests_are_read_as_the_venues_read_them():
    frame = b'{"method":"cancel_order","params":{"order_id":["OA"],"token":"t"},"req_id":3}'
    assert of_frame(KRAKEN, frame) == [Sent("cancel", venue_id="OA")]
    path = "/api/v3/order?symbol=BTCUSDT&side=SELL&quantity=0.01&price=5&newClientOrderId=a"
    assert of_request(MEXC_SPOT, "POST", path, b"") == [Sent("place", "a", "", "BTCUSDT", -1, "5", "0.01")]
    assert of_request(KRAKEN, "POST", "/0/private/OpenOrders", b"nonce=17") == [Sent("other", nonce="17")]
    path = "/0/private/CancelOrder"
    assert of_request(KRAKEN, "POST", path, b"nonce=18&txid=OA") == [Sent("cancel", "", "OA", nonce="18")]
    assert of_request(KRAKEN, "POST", path, b"nonce=19&cl_ord_id=a") == [Sent("cancel", "a", nonce="19")]
    # The venue's timer cancels nothing now.
    path = "/0/private/CancelAllOrdersAfter"
    assert of_request(KRAKEN, "POST", path, b"nonce=20&timeout=60") == [Sent("other", nonce="20")]
    body = b'{"nonce":21,"orders":["OA","OB"],"cl_ord_ids":["a"]}'
    batch = of_request(KRAKEN, "POST", "/0/private/CancelOrderBatch", body)
    assert batch == [Sent("cancel", "a", "OA,OB", nonce="21")]
    path = "/api/v1/private/order/"
    assert of_request(MEXC_FUTURES, "POST", path + "cancel", b"[17,18]") == [Sent("cancel", venue_id="17,18")]
    body = b'[{"symbol":"BTC_USDT","externalOid":"a"}]'
    assert of_request(MEXC_FUTURES, "POST", path + "batch_cancel_with_external", body) == [Sent("cancel", "a")]
