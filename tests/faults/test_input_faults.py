"""Faults of settings, numbers, payloads and keys, end to end where orders are concerned (see `tests.faults.quoted`)."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import functools
import gc
import os
import re
import time
import tracemalloc
from decimal import Decimal
from random import Random

import pytest

from mm._core import events as ev
from mm._core.fixed import FixedError, to_text, to_units
from mm.config import Environment, SettingsError, load
from mm.config import settings as tables
from mm.errors import ConfigError
from mm.exchanges import find
from mm.exchanges.venue import Kind
from mm.inventory.hedging import parameters_of as policies_of
from mm.live.linking import Addresses, make_link
from mm.simulator.kinds import ACCOUNT
from mm.strategies import parameters_of
from tests.backtest.brief_market import recorded
from tests.faults import quoted as harness
from tests.faults.hedged import CAMPAIGN, SEEDS
from tests.faults.quoted import FUTURES, KRAKEN, MEXC, SECOND, VENUES, Quoted, each
from tests.faults.refused import refused
from tests.net.conftest import serve_script

PLACES = {
    "run": tables.RunSettings,
    "venues.kraken": tables.VenueSettings,
    "strategies.btc": tables.MarketMakerParameters,
    "strategies.btc.limits": tables.StrategyLimits,
    "hedging.btc": tables.HedgeSettings,
    "conversion.USDT": tables.ConversionSettings,
    "limits": tables.LimitSettings,
    "kill": tables.KillSettings,
}
NUMBERS = [
    (place, field.name, field.metadata["rule"])
    for place, table in PLACES.items()
    for field in dataclasses.fields(table)
    if "rule" in field.metadata and field.metadata["rule"].type in ("number", "integer")
]
NEEDED = {
    "strategies.btc": {"symbol": '"BTC/USD"', "spread_bps": "10", "quote_size": "0.001", "max_position": "0.01"},
    "hedging.btc": {"symbol": '"BTC/USD"', "hedge": '"mexc_spot"', "hedge_symbol": '"BTC/USDT"'},
}
STRATEGY = {"spread_bps": "0.5", "quote_size": "0.005", "max_position": "0.02"}
KNOBS = {"levels": "1", "level_step_bps": "1", "level_size_factor": "1", "inventory_skew_factor": "0.5"}
FACTORS = (10, 100)


def file_with(place, key, value):
    """A configuration that says this one thing besides what it must."""
    wanted = {name: dict(keys) for name, keys in NEEDED.items()}
    wanted.setdefault(place, {})[key] = value
    return "".join(
        f"[{name}]\n" + "".join(f"{each} = {text}\n" for each, text in keys.items()) for name, keys in wanted.items()
    )


def refusals(folder, text):
    path = folder / "mm.toml"
    path.write_text(text)
    try:
        load(path, Environment({}), None, parameters_of, policies_of)
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(("place", "key", "rule"), NUMBERS, ids=lambda value: value if type(value) is str else "")
def test_f89_a_setting_of_the_wrong_sign_unit_or_size_is_refused_by_name(tmp_path, place, key, rule):
    assert rule.most is not None, "F89: a number without an upper bound"
    least = rule.above if rule.above is not None else rule.least
    assert least is not None, "F89: a number without a lower bound"
    wrong = {
        str(rule.most * 10 + 1),
        str(rule.most * 100 + 1),
        str(-10 * abs(least) - 1),
        '"10 USD"',
        '"1 %"',
        "nan",
        "true",
    }
    for value in wrong:
        told = [each for each in refusals(tmp_path, file_with(place, key, value)) if key in each]
        assert told, f"F89: {place}.{key} = {value} was taken"


MUTATIONS = [
    (key, factor, venue)
    for key in (*STRATEGY, *KNOBS)
    for factor in FACTORS
    for venue in VENUES
    if CAMPAIGN or (venue == MEXC and (key, factor) in {("quote_size", 10), ("spread_bps", 100), ("max_position", 100)})
]


@pytest.mark.parametrize(("key", "factor", "venue"), MUTATIONS)
def test_f89_a_setting_that_is_off_by_a_factor_is_refused_or_harmless_under_the_caps(
    tmp_path, monkeypatch, key, factor, venue
):
    values = {**STRATEGY, **KNOBS}
    values[key] = f"{Decimal(values[key]) * factor:f}"
    text = harness.SETTINGS
    for name, usual in STRATEGY.items():
        assert f"{name} = {usual}\n" in text
        text = text.replace(f"{name} = {usual}\n", f"{name} = {values[name]}\n")
    monkeypatch.setattr(harness, "SETTINGS", text)
    more = "\n".join(f"{name} = {values[name]}" for name in KNOBS)
    try:
        bot = Quoted(tmp_path, venue, more=more, entries_of=recorded)
    except SettingsError as error:
        problems = error.problems
    else:
        return harmless(bot, venue)
    assert any(key in str(problem) for problem in problems), "F89: refused without the setting's name"
    return None


def harmless(bot, venue):
    bot.run(40)
    # The harness has judged each order by the venue's ledger: no cap was passed (I6), nothing left the collar (I8).
    largest = max((event.size for event in bot.of(ev.Place)), default=0)
    assert largest * harness.UNITS[venue] <= 10**10, "F89: an order larger than max_order_size was sent"
    bot.come_to_rest()


STRATEGY_TABLE = '[strategies.btc]\nsymbol = "BTC/USD"\nspread_bps = 50\nquote_size = 0.001\nmax_position = 0.01\n'


def test_f90_nothing_said_is_the_simulation_and_live_needs_a_key_and_its_fingerprint(tmp_path):
    from mm.config import Secret, fingerprint

    key, secret = "CANARYKEYq1w2e3r4t5", base64.b64encode(b"CANARYSECRET" * 5 + b"1234").decode()
    assert load(None, Environment({}), None, parameters_of, policies_of).run.world == "sim"
    environment = Environment({"KRAKEN_API_KEY": key, "KRAKEN_API_SECRET": secret})
    path = tmp_path / "mm.toml"
    for stated in ("", "0123456789ab", fingerprint(Secret(key + "x"))):
        path.write_text(f'[run]\nworld = "live"\n[venues.kraken]\naccount_fingerprint = "{stated}"\n' + STRATEGY_TABLE)
        with refused("F90", SettingsError, "account_fingerprint"):
            load(path, environment, None, parameters_of, policies_of)


async def test_f90_without_the_switch_nothing_is_connected_to(tmp_path, capsys, monkeypatch):
    from mm.run import main

    heard = []

    async def script(reader, writer):
        heard.append(await reader.read(1))

    monkeypatch.delenv("MM_CAMPAIGN", raising=False)
    monkeypatch.setenv("KRAKEN_API_KEY", "CANARYKEYq1w2e3r4t5")
    monkeypatch.setenv("KRAKEN_API_SECRET", base64.b64encode(b"CANARYSECRET" * 5 + b"1234").decode())
    path = tmp_path / "mm.toml"
    async with serve_script(script) as port:
        # What is live is on this machine, so that a command that goes on is only heard here.
        where = f'rest_url = "http://127.0.0.1:{port}"\n'
        where += "".join(f'{name} = "ws://127.0.0.1:{port}/"\n' for name in ("ws_url", "ws_auth_url"))
        path.write_text(f'[run]\nworld = "live"\nseconds = 1\n[venues.kraken]\n{where}' + STRATEGY_TABLE)
        code = await asyncio.to_thread(main, ["--config", str(path), "--state", str(tmp_path / "state")])
    assert not heard, "F90: connected to the live venue without --live"
    assert code == 2
    assert "add --live" in capsys.readouterr().err


NAMES = {KRAKEN: ('"limit_price":', '"order_qty":'), MEXC: ("&price=", "&quantity="), FUTURES: ('"price":', '"vol":')}
PLAIN = re.compile(rb"\d+(\.\d+)?")
GRID = [(precision, units) for precision in range(13) for units in (1, 7, 99, 10**precision, 3 * 10**precision + 1)]


def test_f92_numbers_go_out_and_come_back_without_a_digit_lost_and_without_an_exponent():
    for precision, units in [*GRID, *((12, 10**18 + number) for number in range(50))]:
        text = to_text(units, precision)
        assert "e" not in text.lower()
        assert to_units(text, precision, "price") == units, "F92: a digit was lost"
        assert Decimal(text) == Decimal(units).scaleb(-precision)
    assert to_units("7.3e-7", 8, "size") == 73
    with refused("F92", FixedError):
        to_units("0.1000000001", 8, "size")


@each(MEXC, KRAKEN, FUTURES)
def test_f92_every_price_and_size_on_the_wire_is_a_plain_decimal_of_the_grid(tmp_path, venue, seed):
    bot = Quoted(tmp_path, venue, seed=seed)
    bodies = []
    frame, http = bot.venue.frame, bot.venue.http

    def heard_frame(now_ns, connection, payload):
        bodies.append(payload)
        return frame(now_ns, connection, payload)

    def heard_http(now_ns, connection, method, target, headers, body):
        bodies.append(target.encode() + b" " + body)
        return http(now_ns, connection, method, target, headers, body)

    bot.venue.frame, bot.venue.http = heard_frame, heard_http
    bot.run(60)
    grid = bot.engine.markets[venue, bot.symbol].instrument
    places = [event for event in bot.of(ev.Place) if event.recv_ns < bot.now_ns - SECOND]
    assert len(places) >= 2
    for event in places:
        bodies_of = [body for body in bodies if event.client_id.encode() in body]
        sent = next(body for body in bodies_of if all(name.encode() in body for name in NAMES[venue]))
        numbers = (event.price, grid.price_precision), (event.size, grid.size_precision)
        for name, (units, precision) in zip(NAMES[venue], numbers, strict=True):
            text = re.split(rb"[,&}]", sent.partition(name.encode())[2])[0]
            assert PLAIN.fullmatch(text), f"F92: {text} is no plain decimal"
            assert Decimal(text.decode()) == Decimal(units).scaleb(-precision), f"F92: {text} is another number"
    # What the venue has taken from it, by its own ledger.
    taken = {order.request.client_id: order for order in (*bot.exchange.closed_orders(ACCOUNT), *bot.own_open())}
    for event in places:
        order = taken.get(event.client_id)
        assert order is not None, "F92: an order did not come to the venue"
        assert (order.request.price, order.request.size) == (event.price, event.size), (
            "F92: the venue has other numbers"
        )
    bot.come_to_rest()


@pytest.mark.parametrize("text", ["1e18", "99999999999999999999", "1000000000000.5", "9" * 400, "1e400", "-1", "nan"])
def test_f93_a_number_beyond_its_range_is_an_error_and_never_another_number(text):
    for precision in (0, 8, 12, 18):
        try:
            units = to_units(text, precision, "size")
        except FixedError:
            continue
        assert Decimal(units).scaleb(-precision) == Decimal(text), "F93: it wrapped"
        assert 0 <= units < 2**63


BOMBS = {
    "deep lists": lambda size: b"[" * 100_000 * size,
    "deep objects": lambda size: b'{"a":' * 100_000 * size,
    "closed deep lists": lambda size: b"[" * 100_000 * size + b"]" * 100_000 * size,
    "long": lambda size: b'{"channel":"executions","data":["' + b"x" * 4_000_000 * size + b'"]}',
    "bad UTF-8": lambda size: b'{"channel":"executions","data":["' + b"\xff\xfe" * 200_000 * size + b'"]}',
    "two of one key": lambda size: b"{" + b'"channel":"book",' * 20_000 * size + b'"data":[]}',
    "long number": lambda size: b'{"channel":"executions","sequence":' + b"9" * 1_000_000 * size + b"}",
    "deep protobuf": lambda size: b"\x0a\xff\xff\x03" * 50_000 * size,
    "long varint": lambda size: b"\x08" + b"\xff" * 1_000_000 * size,
    "not JSON": lambda size: b"\x00" * 1_000_000 * size,
    "book": lambda size: b'{"channel":"book","type":"update","data":[' + b"[" * 100_000 * size,
}
ROUNDS = 5
LOST_S = 0.02
"""What a cold cache or a collection may cost a short decode."""


def calmly(decode, *arguments):
    """What a decoder says; whatever the venue sends is a value, and nothing that ends the bot."""
    try:
        return decode(*arguments)
    except BaseException as error:
        raise AssertionError(f"F94: a decoder raised {type(error).__name__}") from error


def cost_s(decode, payload):
    """This thread's own time: what the machine does meanwhile is no fault of the decoder."""
    began = time.thread_time()
    calmly(decode, payload)
    return time.thread_time() - began


def is_linear(decode, bomb):
    """Four times the bytes cost less than ten times the time, sixteen being what the square would; the best of rounds
    counts, since a busy machine slows a decode down and never makes it faster."""
    small, large = bomb(1), bomb(4)
    costs = []
    for _ in range(ROUNDS):
        costs.append((cost_s(decode, small), cost_s(decode, large)))
        least, most = map(min, zip(*costs, strict=True))
        if most < 10 * least + LOST_S:
            return True
    return False


THROWN = [(kind, venue, 0) for kind in BOMBS for venue in VENUES]
THROWN += [
    (Random(f"f94 {seed}").choice(list(BOMBS)), Random(f"f94 {seed} at").choice(VENUES), seed) for seed in SEEDS[1:]
]
"""Each at each venue, and with every other seed one more that is cut off somewhere."""


@pytest.mark.parametrize(("kind", "venue", "seed"), THROWN)
def test_f94_a_hostile_payload_costs_bounded_time_and_memory_and_the_bot_lives(tmp_path, kind, venue, seed):
    payload = BOMBS[kind](1)
    if seed:
        payload = payload[: Random(f"f94 {seed} cut").randint(100, len(payload))]
    bot = Quoted(tmp_path, venue, seed=seed)
    bot.run(20)
    session = bot.links[venue].session
    tracemalloc.start()
    decoded = calmly(session.decode, payload, bot.now_ns)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert decoded.kind is not Kind.RESPONSE, "F94: garbage was taken for an answer"
    assert peak <= 10 * len(payload) + 1_000_000, f"F94: {peak} bytes for a message of {len(payload)}"
    for status in (200, 500):
        answer = calmly(session.decode_reply, "open_orders", status, payload, bot.now_ns)
        assert not (answer.ok and answer.events), "F94: garbage told of orders"
    assert is_linear(lambda bytes: session.decode(bytes, bot.now_ns), BOMBS[kind]), "F94: a frame's time"
    assert is_linear(lambda bytes: session.decode_reply("open_orders", 200, bytes, bot.now_ns), BOMBS[kind]), (
        "F94: a reply's time"
    )
    world = bot.worlds[venue]
    for channel in ("public", "private"):
        world.tell(lambda now_ns, channel=channel: world.machine.frame(now_ns, channel, payload, True))
    bot.run(60, done=lambda: bot.own_open() and bot.engine.venues[venue].private_up)
    assert bot.own_open(), "F94: quotes did not come back"
    bot.come_to_rest()


class Keyed(Quoted):
    """A bot that looks at its key's rights, as one that trades live does."""

    def __init__(self, folder, monkeypatch, *, rights=None, **options):
        monkeypatch.setattr("tests.backtest.two_venues.make_link", functools.partial(make_link, is_live=True))
        super().__init__(folder, KRAKEN, **options)
        if rights is not None:
            for key in self.venue._keys._keys.values():
                key.permissions = key.permissions | rights

    def critical(self):
        return [event.text for event in self.of(ev.Alert) if event.severity == "critical"]


def test_f97_a_key_that_may_withdraw_sends_no_order(tmp_path, monkeypatch):
    bot = Keyed(tmp_path, monkeypatch, rights={"withdraw-funds"})
    bot.run(60)
    assert any("the key may withdraw (withdraw-funds)" in text for text in bot.critical()), "F97: nobody was told"
    assert not bot.sent, "F97: orders were sent with a key that may withdraw"
    assert not bot.engine.venues[KRAKEN].private_up


@pytest.mark.parametrize("action", ["status", "garbage", "refuse"])
def test_f97_rights_that_cannot_be_read_send_no_order_unless_accepted(tmp_path, monkeypatch, action):
    rule = {"on": "request", "action": "refuse", "error": "EGeneral:Unknown method"}
    hooks = [{**(rule if action == "refuse" else {"on": "reply", "action": action}), "name": "GetApiKeyInfo"}]
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    bot = Keyed(first, monkeypatch, hooks=hooks)
    bot.run(120)
    assert not bot.sent, "F97: orders were sent with a key of unknown rights"
    bot = Keyed(second, monkeypatch, hooks=hooks, lines=harness.LINES[KRAKEN] + "\naccept_unknown_key_rights = true")
    bot.run(240, done=lambda: bot.trades())
    assert bot.trades(), "an accepted key trades"
    assert any("accept_unknown_key_rights" in event.text for event in bot.of(ev.Alert))
    bot.come_to_rest()


def test_f97_a_good_key_trades(tmp_path, monkeypatch):
    bot = Keyed(tmp_path, monkeypatch)
    bot.run(240, done=lambda: bot.trades())
    assert bot.trades()
    bot.come_to_rest()


@pytest.mark.parametrize("venue", [MEXC, FUTURES])
def test_f97_where_the_venue_never_tells_the_operator_has_to(venue):
    from mm.config import Secret

    face = find(venue)
    key = {"api_key": Secret("mx0canarycanary"), "api_secret": Secret("canarycanarycanarycanary")}
    where = Addresses(face.rest_url, face.public_url, face.private_url)
    chosen = tables.VenueSettings(name=venue, **key)
    with pytest.raises(
        ConfigError, match=f"venues.{venue}.*accept_unknown_key_rights|accept_unknown_key_rights.*venues.{venue}"
    ):
        make_link(chosen, where, face, (harness.SYMBOLS[venue],), seed=1, is_live=True)
    accepted = dataclasses.replace(chosen, accept_unknown_key_rights=True)
    assert make_link(accepted, where, face, (harness.SYMBOLS[venue],), seed=1, is_live=True)


def wire_under(folder, venue, seed, zone):
    """Everything that one run sends and records under a time zone."""
    folder.mkdir()
    kept = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    for cache in gc.get_objects():
        if isinstance(cache, functools._lru_cache_wrapper):
            # What was read under another zone.
            cache.cache_clear()
    try:
        bot = Quoted(folder, venue, seed=seed)
        sent = []
        frame, http = bot.venue.frame, bot.venue.http
        bot.venue.frame = lambda *words: (sent.append(words[2]), frame(*words))[1]
        bot.venue.http = lambda *words: (sent.append(words[2:]), http(*words))[1]
        bot.run(40)
        bot.come_to_rest()
    finally:
        if kept is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = kept
        time.tzset()
    assert len(sent) > 10, "nothing was sent"
    return sent, bot.recorder.log_hash()


@each(KRAKEN, MEXC, FUTURES)
def test_f80_the_time_zone_changes_no_byte_on_the_wire_and_none_of_the_log(tmp_path, venue, seed):
    utc = wire_under(tmp_path / "utc", venue, seed, "UTC")
    for number, zone in enumerate(("EST5EDT,M3.2.0,M11.1.0", "<+0545>-5:45", "<+14>-14")):
        assert wire_under(tmp_path / str(number), venue, seed, zone) == utc, f"F80: other bytes under {zone}"
