"""F49: clocks that are apart, the venue's or this machine's, stepped or from the start.

Judged by the venue's ledger as the other faults of orders (`tests.faults.quoted`); what is off is said of the venue's
clock, or of the clock that the bot goes by.
"""

from __future__ import annotations

from random import Random

from mm._core import events as ev
from tests.faults.quoted import FUTURES, KRAKEN, LINES, MEXC, SECOND, Quoted, each
from tests.faults.test_order_faults import on
from tests.faults.test_rule_faults import placed, refused, trading

CLOCK = {KRAKEN: "ping", MEXC: "GET time", FUTURES: "GET ping"}
WIDE = "\nclock_offset_ms_max = 60000"


class Host:
    """A link's port on a machine whose clock is off: whatever happens bears its time."""

    def __init__(self, port, shift_ns):
        self._port, self._shift_ns = port, shift_ns

    def next_deadline(self):
        due_ns = self._port.next_deadline()
        return due_ns and due_ns - self._shift_ns

    def drain(self):
        return self._port.drain()

    def __getattr__(self, name):
        happened = getattr(self._port, name)
        return lambda now_ns, *rest: happened(now_ns + self._shift_ns, *rest)


class Shifted(Quoted):
    """The bot's machine is off by `shift_s` from the start. Times of events are the machine's, `now_ns` the venue's."""

    def __init__(self, folder, venue, *, shift_s, **options):
        super().__init__(folder, venue, **options)
        shift_ns = int(shift_s * SECOND)
        for world in self.worlds.values():
            world.machine = Host(world.machine, shift_ns)
            tell = world.tell
            world.tell = lambda function, tell=tell: tell(lambda now_ns: function(now_ns + shift_ns))


def skew(quoted, skew_s, duration_s):
    """The venue's clock is off for a time, its books' too."""
    quoted.venue.act(quoted.now_ns, {"action": "skew", "skew_s": skew_s, "duration_s": duration_s})
    quoted.shown()


def untimely(quoted, since_ns=0):
    """Orders and cancels that were refused for the time that they bore."""
    told = refused(quoted, since_ns) + [each for each in quoted.of(ev.CancelRejected) if each.recv_ns >= since_ns]
    return [each for each in told if each.code == "clock"]


@each(MEXC, KRAKEN, FUTURES)
def test_f49_a_clock_that_is_off_halts_with_a_clear_word_and_quotes_come_back_with_it(tmp_path, venue, seed):
    chance = Random(seed)
    quoted = trading(Quoted(tmp_path, venue, seed=seed))
    # Twice, at any time between two looks at the clock, which are half a minute apart.
    for _ in range(2):
        quoted.run(chance.uniform(1, 30))
        since_ns = quoted.now_ns
        off_s = chance.uniform(12, 60)
        skew(quoted, off_s if seed % 2 else -off_s, 40)
        quoted.run(36, done=lambda: not quoted.own_open())
        assert not quoted.own_open(), "F49: orders stand on while the clock is off"
        assert quoted.now_ns - since_ns <= 33 * SECOND, "F49: nobody looked at the clock"
        gone_ns = quoted.now_ns
        quoted.run((since_ns - quoted.now_ns) / SECOND + 39)
        assert not placed(quoted, gone_ns), "F49: an order by a clock that is off"
        assert len(untimely(quoted, since_ns)) <= 4, "F49: refused for its time again and again"
        assert any("clock" in text and f"{off_s:.1f} s" in text for text in quoted.alerts()), "F49: nobody said so"
        quoted.run(3)
        quoted.run(40, done=lambda: bool(quoted.own_open()))
        assert quoted.own_open(), f"F49: the clock is right, and nothing is quoted: {quoted.engine.ladder.lines()}"
    assert not quoted.engine.ladder.latches, "F49: a clock that is right again left a latch"
    quoted.come_to_rest(is_ordered=False)


@each(MEXC, KRAKEN, FUTURES)
def test_f49_requests_are_accepted_from_a_machine_that_is_half_a_minute_off(tmp_path, venue, seed):
    quoted = Shifted(tmp_path, venue, shift_s=-30 if seed % 2 else 30, seed=seed, lines=LINES[venue] + WIDE)
    quoted.run(400, done=lambda: len(quoted.trades()) >= 3)
    assert len(quoted.trades()) >= 3, "F49: nothing was quoted"
    assert not untimely(quoted), "F49: a request that bears the machine's own time"
    # What was filled while nobody was told is found by the venue's time.
    quoted.venue.disconnect(quoted.now_ns, target="private")
    quoted.shown()
    quoted.run(40)
    quoted.come_to_rest()


@each(KRAKEN, MEXC, FUTURES)
def test_f49_a_machine_that_is_off_from_the_start_places_nothing_and_says_why(tmp_path, venue, seed):
    shift_s = Random(seed).choice((-60, -7, 5, 45))
    quoted = Shifted(tmp_path, venue, shift_s=shift_s, seed=seed)
    quoted.run(20)
    assert not quoted.sent, "F49: an order by a clock that is off"
    word = "behind" if shift_s < 0 else "ahead of"
    assert [text for text in quoted.alerts() if f"clock is {abs(shift_s):.1f} s {word}" in text], "F49: nobody said so"


@each(MEXC, KRAKEN, FUTURES)
def test_f49_a_way_to_the_clock_that_is_slower_than_the_one_back_delays_no_order(tmp_path, venue, seed):
    # The estimate is off by half of the difference, and its bound says so.
    way, delay_s = ("request", "reply")[seed % 2], 2.5 + 0.4 * (seed % 5)
    quoted = Quoted(tmp_path, venue, seed=seed, hooks=on(way, [CLOCK[venue]], "delay", delay_s=delay_s))
    quoted.run(400, done=lambda: len(quoted.trades()) >= 2 and quoted.fired(f"{way}.delay") >= 4)
    assert quoted.fired(f"{way}.delay") >= 4
    assert len(quoted.trades()) >= 2, f"F49: nothing is quoted: {quoted.engine.gate(quoted.now_ns, quoted.market)}"
    assert not untimely(quoted), "F49: refused for a time that nobody knows better"
    quoted.come_to_rest()
