"""Faults of connections and sessions, each alone and from many seeds (MM_CAMPAIGN=1: twenty, on each venue).

In memory under virtual time `tests.faults.quoted.Quoted` judges by the venue's own ledger; what only real sockets show
is in `test_socket_faults.py`.
"""

from __future__ import annotations

from mm._core import events as ev
from tests.backtest.brief_market import recorded
from tests.backtest.two_venues import START
from tests.faults.hedged import lasting
from tests.faults.quoted import FUTURES, KRAKEN, MEXC, NEWS, PLACE, SECOND, Quoted, each

START_WORDS = {KRAKEN: "GetWebSocketsToken", MEXC: "POST userDataStream", FUTURES: "login"}
FOUND_S_MAX = 10
"""A connection that is half open is found within this."""
GRACE_S = 3
"""With the private stream down for longer no order is sent: `private_down_ms_max`."""
CANCELLED_S = 2
"""For a cancel and its answer."""
ATTEMPTS_MAX = 100
WINDOW_NS = 600 * SECOND


class Links(Quoted):
    """Also keeps when each stream went up and down, and every attempt to connect."""

    def __init__(self, *arguments, **options):
        self.changes = []
        self.attempts = []
        super().__init__(*arguments, **options)
        self.driver.observers.append(self._note)
        dial = self.venue.open

        def watched(now_ns, path):
            self.attempts.append(now_ns)
            return dial(now_ns, path)

        self.venue.open = watched

    def _note(self, event):
        if type(event) is ev.LinkChanged:
            self.changes.append(event)

    def requests_of(self, name):
        """How often a REST request reached the venue, by its last words: `POST userDataStream`."""
        method, _, path = name.rpartition(" ")
        return sum(count for key, count in self.requests.items() if key.endswith("/" + path) and key.startswith(method))

    def downs(self, channel, since_ns=0):
        return [each for each in self.changes if each.channel == channel and not each.up and each.recv_ns >= since_ns]

    def holes(self, channel):
        """Each time without a stream, as (from, until) in ns; one that lasts until now ends now."""
        found, began = [], None
        for change in self.changes:
            if change.channel == channel and not change.up and began is None:
                began = change.recv_ns
            elif change.channel == channel and change.up and began is not None:
                found.append((began, change.recv_ns))
                began = None
        return found if began is None else [*found, (began, self.now_ns)]

    def check_silence_while_down(self):
        """No order leaves later than the grace time after the private stream went down, until it is up again."""
        for began, ended in self.holes("private"):
            late = [e for e in self.of(ev.Place) if began + GRACE_S * SECOND < e.recv_ns < ended]
            assert not late, f"F45: {len(late)} orders were sent without a private stream"


def standing(folder, venue, seed, **options):
    """A bot that quotes, with orders at the venue."""
    links = Links(folder, venue, seed=seed, **options)
    links.run(120, done=lambda: links.own_open() and links.now_ns > START + 8 * SECOND)
    assert links.own_open(), "nothing is quoted"
    return links


def hook(links, action, *, on="clock", **more):
    """Let something go wrong from now on, or in the next moment."""
    rule = {"on": on, "action": action, **more}
    if on == "clock":
        rule["at_s"] = (links.now_ns - START) / SECOND + 0.01
    links.venue.hooks.load([rule], replace=False)
    # Time moves to a moment from now, so that the venue hears of its new rule.
    links.worlds[links.name].tell(lambda now_ns: None)


def recovered(links, outage_s=0, fault="a fault that is over"):
    links.venue.hooks.load([])
    links.run(300, done=lambda: links.engine.venues[links.name].private_up and links.own_open())
    assert links.own_open(), f"{fault}: quotes did not come back"
    links.check_silence_while_down()
    links.come_to_rest(unknown_s=90 + outage_s)


@each(KRAKEN, MEXC, FUTURES)
def test_f36_connections_that_end_in_the_middle_of_their_stream_lose_no_fill(tmp_path, venue, seed):
    codes = (1001, 0, 1012)
    hooks = [
        {
            "on": "clock",
            "action": "disconnect",
            "target": target,
            "code": codes[(seed + number) % 3],
            "at_s": 15 + 3 * number,
            "every_s": 11 + 2 * number,
        }
        for number, target in enumerate(("private", "public", "all"))
    ]
    hooks += [{"on": "message", "name": name, "action": "disconnect", "rate": 0.2} for name in NEWS[venue]]
    links = Links(tmp_path, venue, seed=seed, hooks=hooks)
    links.driver.observers.append(lambda event: check_read(links, event))
    links.run(90)
    links.run(300, done=lambda: len(links.trades()) >= 3 and links.fired("message.disconnect"))
    assert links.trades()
    assert links.fired("message.disconnect")
    assert len(links.downs("private")) >= 3
    recovered(links)


def check_read(links, event):
    """Quoting goes on with all that was filled meanwhile, and not with what some later look may find."""
    if type(event) is ev.LinkChanged and event.up and event.channel == "private":
        booked = {fill.execution_id for fill in links.of(ev.Fill)}
        missing = [each for each in links.trades() if each.time_ns < event.recv_ns - SECOND // 2]
        missing = [each.execution_id for each in missing if each.execution_id not in booked]
        assert not missing, f"F36: the stream is said to be up and executions before it are not here: {missing}"


@each(MEXC, KRAKEN, FUTURES)
def test_f37_a_half_open_connection_is_found_within_ten_seconds_and_nothing_is_sent_on_it(tmp_path, venue, seed):
    target = ("private", "public", "all")[seed % 3]
    links = standing(tmp_path, venue, seed)
    began = links.now_ns
    hook(links, "silence", target=target, duration_s=45)
    for channel in ("private", "public") if target == "all" else (target,):
        links.run(FOUND_S_MAX + 5, done=lambda channel=channel: links.downs(channel, began))
        assert links.downs(channel, began), f"F37: nobody found that the {channel} connection is half open"
        took = (links.downs(channel, began)[0].recv_ns - began) / SECOND
        assert took <= FOUND_S_MAX, f"F37: found after {took:.1f} s"
    links.run(30)
    assert links.fired("clock.silence")
    recovered(links)


@each(KRAKEN, FUTURES, MEXC)
def test_f38_a_reader_that_was_kept_away_for_half_a_minute_keeps_its_link_and_its_fills(tmp_path, venue, seed):
    links = standing(tmp_path, venue, seed)
    links.run(200, done=lambda: links.trades())
    began, placed = links.now_ns, len(links.of(ev.Place))
    # The venue goes on and what it says waits in the socket; our side does nothing for so long.
    world = links.worlds[venue]
    machine, world.machine = world.machine, Asleep(world.machine)
    links.run(15 + seed % 3 * 5)
    assert len(links.of(ev.Place)) == placed
    waiting, world.machine = world.machine.waiting, machine
    for call in waiting:
        world.tell(call)
    links.run(5)
    assert not links.downs("public", began), "F38: what had waited in the socket was taken for silence"
    recovered(links)


class Asleep:
    """A machine whose loop is blocked: what comes waits for it."""

    def __init__(self, machine):
        self.machine, self.waiting = machine, []

    def __getattr__(self, name):
        if name == "next_deadline":
            return lambda: 0
        if name == "drain":
            return lambda: ()
        return lambda now_ns, *arguments: self.waiting.append(
            lambda later_ns: getattr(self.machine, name)(later_ns, *arguments)
        )


@each(MEXC, FUTURES, KRAKEN)
def test_f39_refused_connections_are_tried_at_a_growing_distance_under_one_budget(tmp_path, venue, seed):
    links = standing(tmp_path, venue, seed)
    began = links.now_ns
    hook(links, "outage", duration_s=660)
    links.wait(640)
    tries = [each for each in links.attempts if each > began]
    assert len(tries) > 10, "nobody tried"
    first = [each for each in tries if each < began + 60 * SECOND]
    assert len(first) <= 40, f"F39: {len(first)} attempts in the first minute"
    check_budget(links)
    links.run(120)
    recovered(links, 660)
    check_budget(links)


def check_budget(links):
    for number, attempt in enumerate(links.attempts):
        inside = sum(1 for each in links.attempts[number:] if each < attempt + WINDOW_NS)
        assert inside <= ATTEMPTS_MAX, f"F39: {inside} attempts within ten minutes"


@each(FUTURES, MEXC, KRAKEN)
def test_f41_an_address_that_is_gone_for_ten_minutes_says_nothing_about_orders(tmp_path, venue, seed):
    rate = lasting(0.3, 0.6)
    hooks = [{"on": "reply", "name": PLACE[venue], "action": "withhold", "rate": rate}]
    hooks += [{"on": "message", "name": name, "action": "drop", "rate": rate} for name in NEWS[venue]]
    links = standing(tmp_path, venue, seed, hooks=hooks, lines="")
    links.run(400, done=lambda: links.unknown_since)
    assert links.unknown_since, "nothing was in doubt as the outage began: it proves nothing"
    # Nothing answers: neither connections nor requests, which is what a resolver that fails looks like from here.
    began = links.now_ns
    hook(links, "outage", duration_s=600)
    links.run(1)
    known = {order.client_id for order in links.engine.orders.open()}
    assert known, "nothing stood as the outage began: it proves nothing"
    links.wait(589)
    still = {order.client_id for order in links.engine.orders.open()}
    assert known <= still, "F41: an order was dropped because nothing could be heard"
    assert not [e for e in links.of(ev.Place) if began + 10 * SECOND < e.recv_ns]
    links.run(60)
    recovered(links, 600)


@each(KRAKEN, MEXC, FUTURES)
def test_f42_slow_and_uneven_connections_pass_no_limit_and_leave_no_doubt(tmp_path, venue, seed):
    links = standing(tmp_path, venue, seed)
    world = links.worlds[venue]
    usual = world._latency_ns, world._jitter_ns
    for latency_ns, jitter_ns in ((SECOND // 2, 2 * SECOND), (2 * SECOND, 3 * SECOND), (0, 5 * SECOND)):
        world._latency_ns, world._jitter_ns = latency_ns, jitter_ns
        links.run(40)
    world._latency_ns, world._jitter_ns = usual
    links.run(30)
    recovered(links)


@each(MEXC, KRAKEN, FUTURES)
def test_f44_planned_ends_of_connections_leave_short_holes(tmp_path, venue, seed):
    hooks = [
        {"on": "clock", "action": "disconnect", "code": (1000, 1001)[seed % 2], "at_s": 25, "every_s": 20, "times": 12}
    ]
    links = Links(tmp_path, venue, seed=seed, hooks=hooks, entries_of=recorded)
    links.run(270)
    assert links.fired("clock.disconnect") == 12
    for channel in ("private", "public"):
        holes = links.holes(channel)
        assert len(holes) >= 12
        longest = max(ended - began for began, ended in holes) / SECOND
        assert longest <= 5, f"F44: {longest:.1f} s without the {channel} stream"
    recovered(links)


@each(KRAKEN, FUTURES, MEXC)
def test_f45_without_a_private_stream_nothing_is_quoted_and_what_stands_is_cancelled(tmp_path, venue, seed):
    links = standing(tmp_path, venue, seed)
    if venue == FUTURES:
        links.venue.hooks.load([{"on": "request", "name": "login", "action": "drop"}])
    else:
        # A listen key outlives its connection, and one whose answer failed is found by the list: each would do.
        names = [START_WORDS[venue], *(["GET userDataStream"] if venue == MEXC else [])]
        links.venue.hooks.load([{"on": "reply", "name": name, "action": "status", "status": 503} for name in names])
        hook(links, "tokens")
    began = links.now_ns
    hook(links, "disconnect", target="private")
    links.run(GRACE_S + CANCELLED_S)
    stood = [order.request.client_id for order in links.own_open()]
    assert not stood, f"F45: {stood} stand although nobody hears of their fills"
    links.run(40 - GRACE_S - CANCELLED_S)
    assert links.downs("private", began)
    assert not links.engine.venues[venue].private_up
    assert links.engine.venues[venue].public_up, "the public stream is to stand"
    assert not links.own_open(), "F45: quotes came back although nobody hears of their fills"
    links.check_silence_while_down()
    recovered(links)


@each(KRAKEN, MEXC)
def test_f46_a_refused_token_is_made_anew_and_not_tried_again(tmp_path, venue, seed):
    links = standing(tmp_path, venue, seed)
    for _ in range(4):
        tries = links.requests_of(START_WORDS[venue])
        hook(links, "tokens")
        hook(links, "disconnect", target="private")
        began = links.now_ns
        links.run(1)
        links.run(60, done=lambda: links.engine.venues[venue].private_up)
        assert links.engine.venues[venue].private_up, "F46: the private stream did not come back"
        assert links.downs("private", began)
        made = links.requests_of(START_WORDS[venue]) - tries
        assert 1 <= made <= 3, f"F46: {made} tokens for one connection"
        links.run(20)
    # The venue forgets the token, and says so of the next request only: the connection stands.
    tries = links.requests_of(START_WORDS[venue])
    hook(links, "tokens")
    links.run(60, done=lambda: links.requests_of(START_WORDS[venue]) > tries)
    made = links.requests_of(START_WORDS[venue]) - tries
    assert made, "F46: the refused token was used on and on"
    recovered(links)


@each(MEXC)
def test_f47_a_listen_key_that_ends_without_a_word_costs_no_fill(tmp_path, venue, seed):
    hooks = [{"on": "reply", "name": "PUT userDataStream", "action": "status", "status": 503, "rate": 0.5}]
    links = standing(tmp_path, venue, seed, hooks=hooks)
    for _ in range(3):
        hook(links, "tokens")
        links.run(5)
        hook(links, "silence", target="private", duration_s=20)
        links.run(60)
    recovered(links, fault="F47")
