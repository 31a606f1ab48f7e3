"""What a hostile review found: each scenario lost money, orders or the truth once, and must not again."""

from mm._core import events as ev
from mm._core.orders import OrderState
from tests.engine.world import BTC, KRAKEN, MS, SECOND, SETTINGS, SYMBOL


def only(kind, commands):
    return [c for c in commands if type(c) is kind]


def test_a_refused_cancel_is_not_asked_again_at_the_speed_of_the_wire(make_world):
    """A cancel is refused by the rate limit: no other cancel within the same millisecond."""
    w = make_world()
    places = w.ready()
    w.tell(ev.Operator(w.now, "pause", ""))
    sent = 0
    cancels = only(ev.Cancel, w.decide())
    for _ in range(200):  # 200 round trips of 1 ms = 0.2 s
        sent += len(cancels)
        w.tell(
            *(
                ev.CancelRejected(
                    w.now, w.now, KRAKEN, c.client_id, c.venue_id, "EOrder:Rate limit exceeded", "rate", False
                )
                for c in cancels
            )
        )
        cancels = only(ev.Cancel, w.decide(MS))
    assert sent <= 2 * len(places), sent


def test_a_cancel_of_an_unknown_order_is_not_asked_again_at_the_speed_of_the_wire(make_world):
    w = make_world()
    places = w.ready()
    w.tell(ev.Operator(w.now, "stop", ""))
    sent = 0
    cancels = only(ev.Cancel, w.decide())
    for _ in range(200):
        sent += len(cancels)
        w.tell(
            *(
                ev.CancelRejected(w.now, w.now, KRAKEN, c.client_id, c.venue_id, "EOrder:Unknown order", "gone", True)
                for c in cancels
            )
        )
        cancels = only(ev.Cancel, w.decide(MS))
    assert sent <= 2 * len(places), sent


def test_a_refused_look_at_the_rate_counter_changes_no_state(make_world):
    w = make_world()
    w.ready()
    limits = w.engine.markets[KRAKEN, SYMBOL].limits
    before = limits.state_hash()
    limits.allows(w.now + SECOND, "place", 0, False, 2)
    limits.headroom(w.now + 2 * SECOND)
    assert limits.state_hash() == before


def test_fee_rates_do_not_lift_the_ban_after_the_decimals_changed(make_world):
    w = make_world()
    w.ready()
    w.instrument(price_precision=2)
    market = w.engine.markets[KRAKEN, SYMBOL]
    assert market.problem
    w.canceled(*only(ev.Cancel, w.decide(MS)))
    # TradeVolume is read after every private recovery.
    w.tell(ev.FeeRates(w.now, KRAKEN, SYMBOL, 250_000, 400_000))
    commands = w.decide(MS)
    assert market.problem, "the ban is gone"
    assert not only(ev.Place, commands), commands


def test_a_fill_of_an_ended_order_that_is_told_but_not_shown_is_asked_for(make_world):
    """A list says filled, its execution is not yet in TradesHistory (lists trail): the bot must ask again."""
    w = make_world()
    bid = next(p for p in w.ready() if p.side > 0)
    w.tell(
        ev.OrderReport(
            w.now,
            w.now,
            KRAKEN,
            bid.client_id,
            "V" + bid.client_id,
            SYMBOL,
            1,
            "filled",
            bid.price,
            bid.size,
            bid.size,
            "",
            "query",
        )
    )
    order = w.engine.orders.get(bid.client_id)
    assert order.state is OrderState.FILLED
    assert order.fills_missing == bid.size
    # It counts against the limits ...
    assert w.engine.orders.open_exposure(KRAKEN, SYMBOL, 1) >= bid.size
    asked = []
    for _ in range(120):
        w.book(600_000, 600_010)
        asked += [c for c in only(ev.QueryOrder, w.decide(SECOND)) if c.client_id == bid.client_id]
    # ... and nothing ever looks for it.
    assert asked


def test_an_order_lost_between_two_broken_recoveries_is_asked_for(make_world):
    """Snapshot read, link lost again before it was up; the venue's timer cancels; next snapshot does not list it."""
    w = make_world()
    bid, ask = w.ready()
    w.down()
    for p in (bid, ask):  # first recovery: both are listed, but the history read hangs, so that no LinkChanged(up)
        w.tell(
            ev.OrderReport(
                w.now,
                w.now,
                KRAKEN,
                p.client_id,
                "V" + p.client_id,
                SYMBOL,
                p.side,
                "new",
                p.price,
                p.size,
                0,
                "",
                "snapshot",
            )
        )
    # The socket is lost again, without another word that it is down. After 15 s the timer cancels.
    w.now += 16 * SECOND
    w.tell(ev.OpenOrdersRead(w.now, KRAKEN, True, 0, w.now))
    w.up()
    w.book(600_000, 600_010)
    asked = [c.client_id for _ in range(30) for c in only(ev.QueryOrder, w.decide(100 * MS))]
    assert sorted(set(asked)) == sorted([bid.client_id, ask.client_id]), asked


def test_an_order_in_doubt_is_cancelled_when_the_market_runs_into_it(make_world):
    """An amend without an answer: the order rests at the old price or the new, and nobody takes it away."""
    w = make_world()
    _bid, ask = w.ready()
    w.book(600_100, 600_110)
    amends = only(ev.Amend, w.decide(MS))
    mine = next(a for a in amends if a.client_id == ask.client_id)
    w.tell(
        ev.OutcomeUnknown(
            w.now + 5 * SECOND, 0, KRAKEN, mine.client_id, mine.venue_id, "amend", "no response within 5 s"
        )
    )
    w.now += 5 * SECOND
    cancels = []
    for i in range(300):  # 30 s in which the market runs through the ask
        w.book(600_100 + 50 * i, 600_110 + 50 * i)
        cancels += [c for c in only(ev.Cancel, w.decide(100 * MS)) if c.client_id == ask.client_id]
    assert cancels, repr(w.engine.orders.get(ask.client_id))


def test_an_own_order_of_a_symbol_that_is_not_known_yet_does_not_break_the_engine(make_world):
    """What `Executions._report` makes of a snapshot row before the instruments are there (known is None)."""
    w = make_world()
    w.tell(ev.OrderReport(w.now, w.now, KRAKEN, "mm6Q1", "OABC", "BTC/USD", 0, "new", 0, 0, -1, "", "snapshot"))
    w.instrument()
    w.up()
    w.book(600_000, 600_010)
    w.decide()


def test_only_client_ids_of_our_form_are_own(make_world):
    """`mm` is a common prefix: an order of another program with client id mmaker-7 is adopted and cancelled."""
    w = make_world()
    w.ready()
    w.tell(
        ev.OrderReport(w.now, w.now, KRAKEN, "mmaker-7", "OFOREIGN", SYMBOL, 1, "new", 590_000, BTC, 0, "", "snapshot")
    )
    cancels = [c for c in only(ev.Cancel, w.decide(SECOND)) if c.client_id == "mmaker-7"]
    assert not cancels


def test_a_venue_that_cancels_each_new_quote_is_not_fed_at_the_speed_of_the_wire(make_world):
    """Kraken accepts a post-only order that would take, then cancels it: no refusal, so no wait before the next one."""
    w = make_world()
    w.instrument()
    w.up()
    w.book(600_000, 600_010)
    n = 0
    for _i in range(100):
        places = only(ev.Place, w.decide(MS))
        n += len(places)
        for p in places:
            w.tell(
                ev.OrderPending(w.now, w.now, KRAKEN, p.client_id, "V" + p.client_id),
                ev.OrderCanceled(w.now, w.now, KRAKEN, p.client_id, "V" + p.client_id, 0, "Post only order"),
            )
    assert n <= 10, f"{n} places in 0.1 s; the rate counter then has nothing left for amends"


def test_what_an_earlier_start_has_filled_does_not_eat_the_limits_for_ever(make_world):
    """Left order, 0.04 of 0.05 filled an hour ago: adopted, cancelled, over. Its old fills will never come."""
    w = make_world()
    w.instrument()
    w.tell(
        ev.OrderReport(
            w.now,
            w.now,
            KRAKEN,
            "mm6Q1",
            "OOLD",
            SYMBOL,
            1,
            "partially_filled",
            590_000,
            5_000_000,
            4_000_000,
            "",
            "snapshot",
        )
    )
    w.up()
    w.book(600_000, 600_010)
    w.decide(SECOND)
    w.tell(ev.OrderCanceled(w.now, w.now, KRAKEN, "mm6Q1", "OOLD", 4_000_000, "User requested"))
    for _ in range(60):
        w.book(600_000, 600_010)
        w.accept(*only(ev.Place, w.decide(SECOND)))
    # max_per_symbol is 0.06: the phantom 0.04 and a quote of 0.01 fit, two quotes and it is over.
    quoted = sum(o.exposure for o in w.engine.orders.open_of(KRAKEN, SYMBOL) if o.side > 0)
    assert w.engine.orders.open_exposure(KRAKEN, SYMBOL, 1) == quoted


def test_the_timer_counts_as_set_only_with_the_venues_word_and_is_asked_for_again(make_world):
    w = make_world(settings=SETTINGS.replace("accept_account_wide_timer = false", "accept_account_wide_timer = true"))
    w.ready()
    venue = w.engine.venues[KRAKEN]
    assert venue.protected_s == 0
    w.tell(ev.TimerSet(w.now, KRAKEN, 60))
    assert venue.protected_s == 60
    w.book(600_000, 600_010)
    assert not only(ev.CancelAfter, w.decide(2 * SECOND))
    w.tell(ev.TimerSet(w.now, KRAKEN, 0))
    assert venue.protected_s == 0
    w.book(600_000, 600_010)
    assert only(ev.CancelAfter, w.decide(2 * SECOND))
