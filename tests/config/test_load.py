"""What a configuration file may say, and how a wrong one is answered: whole files in, messages out."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mm.config import (
    Environment,
    MarketMakerParameters,
    Secret,
    Settings,
    SettingsError,
    fingerprint,
    integer,
    load,
    number,
)
from mm.config.load import DEFAULT
from mm.config.rule import Refused, Rule
from mm.exchanges import find
from mm.inventory.hedging import parameters_of as policies_of
from mm.live.linking import symbols_of
from mm.strategies import parameters_of
from mm.subscriptions import Subscription

GOOD = """\
[run]
world = "sim"
seed = 7

[venues.kraken]
tier = "pro"

[strategies.btc]
kind = "market_maker"
venue = "kraken"
symbol = "BTC/USD"
spread_bps = 10
quote_size = 0.001
max_position = 0.05

[limits]
max_total_exposure_usd = 50_000
max_per_symbol = { "BTC/USD" = 0.1 }
"""


def read(tmp_path: Path, text: str, environment: dict[str, str] | None = None, **kinds: Any) -> Settings:
    path = tmp_path / "mm.toml"
    path.write_text(text)
    return load(path, Environment(environment or {}), **kinds)


def problems(tmp_path: Path, text: str, environment: dict[str, str] | None = None, **kinds: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text, environment, **kinds)
    return [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems]


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_numbers_are_exactly_what_the_file_says(tmp_path: Path) -> None:
    settings = read(tmp_path, changed("quote_size = 0.001", "quote_size = 0.00123456789"))
    knobs = settings.strategies["btc"].parameters
    assert isinstance(knobs, MarketMakerParameters)
    assert (knobs.spread_bps, knobs.quote_size) == (Decimal(10), Decimal("0.00123456789"))
    assert settings.limits.position_max("BTC/USD") == Decimal("0.1")
    assert settings.run.seed == 7


def test_defaults_need_no_file() -> None:
    settings = load(None, Environment({}), policies_of=policies_of)
    assert settings.run.world == "sim"
    assert list(settings.strategies) == ["btc"]
    assert settings.hedging["btc"].primary == settings.strategies["btc"].venue
    assert settings.venues["kraken"].api_key is None


@pytest.mark.parametrize("path", sorted(Path("examples").glob("*.toml")), ids=lambda path: path.stem)
def test_an_example_loads(path: Path) -> None:
    assert load(path, Environment({}), parameters_of=parameters_of, policies_of=policies_of).strategies


def test_the_live_example_lacks_only_the_fingerprint_of_the_key_and_earns_more_than_the_fee() -> None:
    path = Path("examples/kraken-live.toml")
    assert load(path, Environment({})).warnings == ()
    keys = Environment({"KRAKEN_API_KEY": "k" * 56, "KRAKEN_API_SECRET": "c2VjcmV0LXNlY3JldC1zZWNyZXQ="})
    with pytest.raises(SettingsError) as caught:
        load(path, keys, {("run", "world"): "live"})
    assert [problem.key for problem in caught.value.problems] == ["venues.kraken.account_fingerprint"]


def test_the_live_example_of_two_venues_lacks_only_what_its_owner_has_to_say(tmp_path: Path) -> None:
    path = Path("examples/kraken-mexc-live.toml")

    def live(environment: dict[str, str]) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            load(path, Environment(environment), {("run", "world"): "live"}, parameters_of, policies_of)
        return [f"{problem.key}: {problem.expected}" for problem in caught.value.problems]

    settings = load(path, Environment({}), policies_of=policies_of)
    assert settings.warnings == ()
    hedge = settings.hedging["btc"]
    assert (hedge.primary, hedge.hedge, hedge.parameters.threshold) == ("kraken", "mexc_spot", 1000)
    assert hedge.parameters.threshold < hedge.debt_max_usd < settings.kill.debt_usd
    quotes = settings.strategies["btc"].parameters
    quoting, hedging = settings.venues["kraken"].maker_fee_bps, settings.venues["mexc_spot"].taker_fee_bps
    assert quoting is not None
    assert hedging is not None
    assert quotes.spread_bps > quotes.min_spread_bps >= 2 * (quoting + hedging), "a round trip pays both twice"
    assert settings.conversion["USDT"].symbol == "USDT/USD"
    without = live({})
    assert [said.partition(":")[0] for said in without] == ["venues.kraken", "venues.mexc_spot"]
    assert "KRAKEN_API_KEY" in without[0]
    assert "MEXC_SPOT_API_KEY" in without[1]
    keys = {"KRAKEN_API_KEY": "k" * 56, "KRAKEN_API_SECRET": "c2VjcmV0LXNlY3JldC1zZWNyZXQ="}
    keys |= {"MEXC_SPOT_API_KEY": "m" * 20, "MEXC_SPOT_API_SECRET": "s" * 32}
    assert [said.partition(":")[0] for said in live(keys)] == [
        "venues.kraken.account_fingerprint",
        "venues.mexc_spot.account_fingerprint",
    ]
    # The places that the file keeps for them are the right ones, as is that of the word about the key's rights.
    text = path.read_text()
    for venue in ("kraken", "mexc_spot"):
        mark = fingerprint(Secret(keys[f"{venue.upper()}_API_KEY"]))
        text = text.replace('# account_fingerprint = "..."', f'account_fingerprint = "{mark}"', 1)
    named = tmp_path / "named.toml"
    named.write_text(text.replace("# accept_unknown_key_rights", "accept_unknown_key_rights"))
    whole = load(named, Environment(keys), {("run", "world"): "live"}, parameters_of, policies_of)
    assert [venue.accept_unknown_key_rights for venue in whole.venues.values()] == [False, True]


def test_the_example_of_secrets_holds_none_and_names_what_the_reader_takes() -> None:
    environment = Environment({}, Path(".env.example"))
    assert environment.problems == []
    assert set(environment.secrets("kraken").values()) == {None}
    text = Path(".env.example").read_text()
    assert "KRAKEN_API_KEY=" in text
    assert "KRAKEN_API_SECRET=" in text


def test_the_watchdog_may_have_a_key_of_its_own() -> None:
    secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ="
    both = {"KRAKEN_API_KEY": "k" * 56, "KRAKEN_API_SECRET": secret, "KRAKEN_WATCHDOG_API_KEY": "w" * 56}
    whole = Environment(both | {"KRAKEN_WATCHDOG_API_SECRET": secret})
    venue = load(None, whole, policies_of=policies_of).venues["kraken"]
    assert venue.watchdog_api_key is not None
    assert venue.watchdog_api_key.reveal() == "w" * 56
    assert len(venue.secrets()) == 4
    half = Environment(both)
    half.secrets("kraken")
    assert [problem.key for problem in half.problems] == ["KRAKEN_WATCHDOG_API_SECRET"]
    same = Environment(both | {"KRAKEN_WATCHDOG_API_KEY": "k" * 56, "KRAKEN_WATCHDOG_API_SECRET": secret})
    same.secrets("kraken")
    assert [problem.key for problem in same.problems] == ["KRAKEN_WATCHDOG_API_KEY"]
    assert "k" * 56 not in str(same.problems), "no value is shown"


def test_a_venue_without_a_table_has_its_defaults(tmp_path: Path) -> None:
    settings = read(tmp_path, changed('[venues.kraken]\ntier = "pro"\n', ""))
    assert settings.venues["kraken"].tier == "intermediate"


def test_every_bad_key_is_named_at_once_with_its_line(tmp_path: Path) -> None:
    text = (
        GOOD.replace("seed = 7", 'seed = "x"')
        .replace('tier = "pro"', 'tier = "por"')
        .replace("quote_size = 0.001", "quote_sise = 0.001")
        .replace("max_position = 0.05", "max_position = -1")
    )
    assert problems(tmp_path, text) == [
        'mm.toml:3: run.seed: expected a whole number at least 0 and at most 9223372036854775807, got the text "x"',
        'mm.toml:6: venues.kraken.tier: expected one of "starter", "intermediate", "pro", "unlimited", got the text '
        '"por" (did you mean "pro"?)',
        'mm.toml:13: strategies.btc.quote_sise: expected a known key, got an unknown one (did you mean "quote_size"?)',
        "mm.toml:14: strategies.btc.max_position: expected a number above 0 and at most 1000000000, in units of the "
        "base asset (0.001 of BTC/USD is 0.001 BTC), got -1",
        "mm.toml:8: strategies.btc.quote_size: expected a number above 0 and at most 1000000000, in units of the base "
        "asset (0.001 of BTC/USD is 0.001 BTC), got nothing (this key is required)",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed = 7", "seed = = 7", "mm.toml:3:8: file: expected valid TOML, got invalid value (after"),
        ("[limits]", "[limitz]", 'limitz: expected a known key, got an unknown one (did you mean "limits"?)'),
        ("spread_bps = 10", "spread_pct = 0.1", 'did you mean "spread_bps"? It is in basis points (1 bp = 0.01 %'),
        ("spread_bps = 10", "spread = 0.1", 'did you mean "spread_bps"? It is in basis points'),
        ("spread_bps = 10", "spread_bps = 10\nrefresh_s = 1", '"refresh_interval_ms"? It is in milliseconds'),
        ("spread_bps = 10", 'spread_bps = "10 bps"', "write the bare number; the unit is in the name"),
        ("spread_bps = 10", "spread_bps = 0.0001", "did you write a fraction? 0.001 as a fraction is 10 bps"),
        ("spread_bps = 10", "spread_bps = 5000", "1000 bps is already 10 %"),
        ("spread_bps = 10", "spread_bps = 0", "at least 0.001"),
        ("spread_bps = 10", "spread_bps = nan", "got NaN"),
        ("spread_bps = 10", "spread_bps = inf", "got Infinity"),
        ("spread_bps = 10", "spread_bps = true", "got true"),
        ("spread_bps = 10", "spread_bps = [10]", "got a list"),
        ("spread_bps = 10", "spread_bps = 1e-30", "digits"),
        ("quote_size = 0.001", "quote_size = 0.01\nlevels = 8", "quote_size: expected one side's orders within"),
        (
            "quote_size = 0.001",
            "quote_size = 0.06",
            "quote_size: expected orders of at most limits.max_order_size = 0.05",
        ),
        ("max_position = 0.05", "max_position = 5", "at most the limit of 0.1 for BTC/USD, got 5"),
        ("spread_bps = 10", "spread_bps = 900", "expected the furthest quote within limits.price_collar_bps = 200"),
        ("spread_bps = 10", "spread_bps = 10\nmin_spread_bps = 11", "min_spread_bps: expected at most spread_bps = 10"),
        ("spread_bps = 10", "spread_bps = 10\nlevels = 11", "expected two sides within limits.max_open_orders = 20"),
        ('"BTC/USD"\nspread', '"btc-usd"\nspread', 'did you mean "BTC/USD"?'),
        ('kind = "market_maker"', 'kind = "market_marker"', 'known kinds: "market_maker"'),
        ('"BTC/USD" = 0.1', '"BTC/USD" = "much"', "limits.max_per_symbol: expected a number"),
        (
            '"BTC/USD" = 0.1 }',
            '"BTC/USX" = 0.1 }',
            'mm.toml:18: limits.max_per_symbol: expected a symbol of this run, got "BTC/USX" (did you mean "BTC/USD"?)',
        ),
        ("[run]", "run = 3\n[ran]", "expected a table [run], got a single value"),
        ('tier = "pro"', 'symbols = ["ETH/USD"]', "expected one of the symbols of venues.kraken: ETH/USD, got BTC/USD"),
        ('tier = "pro"', 'rest_url = "https://api.kraken.com"', "world live reaches real venues"),
        ('tier = "pro"', 'rest_url = "http://api.kraken.com"', "only https:// may leave this machine"),
        ('tier = "pro"', 'ws_url = "https://127.0.0.1:1"', "it starts with ws:// or wss://"),
        ('world = "sim"', 'world = "live"', "expected KRAKEN_API_KEY and KRAKEN_API_SECRET for world live, got none"),
    ],
)
def test_a_wrong_setting_is_answered_with_what_to_do(tmp_path: Path, old: str, new: str, said: str) -> None:
    found = problems(tmp_path, changed(old, new))
    assert any(said in problem for problem in found), found


HEDGED = (
    GOOD
    + """
[hedging.btc]
symbol = "BTC/USD"
hedge = "mexc_spot"
hedge_symbol = "BTC/USDT"
"""
)


def hedged_problems(tmp_path: Path, old: str, new: str, arguments: dict[tuple[str, ...], str] | None = None) -> str:
    """What is said of one change, by the program's own finders."""
    assert old in HEDGED
    path = tmp_path / "mm.toml"
    path.write_text(HEDGED.replace(old, new))
    with pytest.raises(SettingsError) as caught:
        load(path, Environment({}), arguments, parameters_of, policies_of, find_venue=find)
    return "\n".join(str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems)


def test_a_limit_may_be_of_any_market_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "mm.toml"
    more = '\nfallback = "mexc_futures"\nfallback_symbol = "BTC/USDT:USDT"'
    symbols = '{ "BTC/USD" = 0.1, "BTC/USDT" = 0.2, "BTC/USDT:USDT" = 0.3, "USDT/USD" = 9 }'
    text = HEDGED.replace('{ "BTC/USD" = 0.1 }', symbols).replace('"BTC/USDT"\n', f'"BTC/USDT"{more}\n')
    rate = '\n[conversion.USDT]\nvenue = "kraken"\nsymbol = "USDT/USD"\n'
    path.write_text(text + rate)
    settings = load(path, Environment({}), None, parameters_of, policies_of, find_venue=find)
    assert settings.limits.position_max("BTC/USDT:USDT") == Decimal("0.3")
    path.write_text(text)
    with pytest.raises(SettingsError, match=r'got "USDT/USD" \(known here: BTC/USD, BTC/USDT, BTC/USDT:USDT\)'):
        load(path, Environment({}), None, parameters_of, policies_of, find_venue=find)


KNOWN = "expected one of kraken, mexc_futures, mexc_spot, got"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('venue = "kraken"', 'venue = "binance"', f'mm.toml:10: strategies.btc.venue: {KNOWN} "binance" (a venue of'),
        ('hedge = "mexc_spot"', 'hedge = "mexc"', f'mm.toml:22: hedging.btc.hedge: {KNOWN} "mexc" (did you mean'),
        (
            'hedge = "mexc_spot"',
            'hedge = "mexc_spot"\nfallback = "binance"\nfallback_symbol = "BTC/USDT"',
            f'mm.toml:23: hedging.btc.fallback: {KNOWN} "binance"',
        ),
        ("[venues.kraken]", "[venues.binance]\n[venues.kraken]", f'mm.toml:5: venues.binance: {KNOWN} "binance"'),
        (
            "[venues.kraken]",
            '[venues.acme]\npackage = "no.such"\n[venues.kraken]',
            'mm.toml:6: venues.acme.package: expected a package that can be imported, got "no.such" (No module named',
        ),
        (
            "[hedging.btc]",
            '[conversion.USDT]\nvenue = "krakn"\nsymbol = "USDT/USD"\n[hedging.btc]',
            f'mm.toml:21: conversion.USDT.venue: {KNOWN} "krakn" (did you mean kraken?)',
        ),
        (
            'symbol = "BTC/USD"\nspread',
            'symbol = "ETH/USD"\nspread',
            'mm.toml:11: strategies.btc.symbol: expected "BTC/USD", as hedging.btc.symbol says (mm.toml:21), got '
            '"ETH/USD" (one of the two is wrong)',
        ),
        (
            'venue = "kraken"',
            'venue = "mexc_futures"',
            'mm.toml:10: strategies.btc.venue: expected "kraken", as hedging.btc.primary says (mm.toml:20), got '
            '"mexc_futures" (one of the two is wrong)',
        ),
        (
            'hedge = "mexc_spot"',
            'hedge = "mexc_spot"\nfallback_after_s = 5',
            "mm.toml:23: hedging.btc.fallback_after_s: expected a fallback beside it, got none",
        ),
    ],
)
def test_what_does_not_fit_is_named_by_the_key_that_says_it(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert hedged_problems(tmp_path, old, new).startswith(said)


def test_a_symbol_of_the_command_line_is_named_as_such(tmp_path: Path) -> None:
    found = hedged_problems(tmp_path, "seed = 7", "seed = 7", {("strategies", "btc", "symbol"): "ETH/USD"})
    assert found.startswith('command line: strategies.btc.symbol: expected "BTC/USD", as hedging.btc.symbol says')


def test_caps_of_the_file_do_not_refuse_a_symbol_of_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "mm.toml"
    path.write_text(GOOD)
    key = ("strategies", "btc", "symbol")
    settings = load(path, Environment({}), {key: "ETH/USD"})
    assert settings.limits.position_max("ETH/USD") == Decimal("0.1")
    assert settings.warnings == (
        "limits.max_per_symbol names BTC/USD, which is no symbol of this run: default_max_position = 0.1 is the cap of "
        "ETH/USD",
    )
    # It has a cap of its own, or the cap is of the default.
    path.write_text(GOOD.replace('"BTC/USD" = 0.1', '"BTC/USD" = 0.1, "ETH/USD" = 0.2'))
    assert load(path, Environment({}), {key: "ETH/USD"}).limits.position_max("ETH/USD") == Decimal("0.2")
    assert load(path, Environment({}), {key: "BTC/USD"}).warnings[0].startswith("limits.max_per_symbol names ETH/USD")


def test_no_cap_is_hinted_onto_another_asset(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, changed('"BTC/USD" = 0.1 }', '"ETH/USD" = 0.1 }'))
    assert said.endswith('expected a symbol of this run, got "ETH/USD" (known here: BTC/USD)')


def test_a_mark_of_byte_order_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "mm.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.lstrip().encode())
    assert load(path, Environment({})).run.seed == 7
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.lstrip().replace("seed = 7", "seed = = 7").encode())
    with pytest.raises(SettingsError, match=r"mm\.toml:3:8: file"):
        load(path, Environment({}))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: file: expected a readable TOML file, got no such file"):
        load(tmp_path / "nowhere.toml", Environment({}))


def test_a_quote_inside_the_maker_fee_is_warned_about(tmp_path: Path) -> None:
    def warnings(text: str) -> tuple[str, ...]:
        path = tmp_path / "mm.toml"
        path.write_text(text)
        fee = {"kraken": Decimal(25)}
        return load(path, Environment({}), maker_fee_of=lambda venue: fee[venue.name]).warnings

    assert any("inside the maker fee" in warning for warning in warnings(GOOD))
    assert warnings(changed("spread_bps = 10", "spread_bps = 50")) == ()
    assert warnings(changed('tier = "pro"', "maker_fee_bps = 0")) == ()


def test_a_venue_that_nothing_uses_is_refused_unless_its_symbols_are_named(tmp_path: Path) -> None:
    lines = DEFAULT.read_text().splitlines(keepends=True)
    # Its limit goes too: it would be of no market.
    unused = "".join(line for line in lines if not line.startswith("fallback")).replace('"BTC/USDT" = 0.2, ', "")
    kinds = {"parameters_of": parameters_of, "policies_of": policies_of}
    (said,) = problems(tmp_path, unused, **kinds)
    number = 1 + unused[: unused.index("[venues.mexc_spot]")].count("\n")
    assert said == (
        f"mm.toml:{number}: venues.mexc_spot: expected a venue that a strategy, a hedge or a rate of this "
        'run uses, got one that nothing uses (take the table out; or write symbols = ["BASE/QUOTE"] there, and what is '
        "left of earlier runs is looked after)"
    )
    named = unused.replace("[venues.mexc_spot]", '[venues.mexc_spot]\nsymbols = ["BTC/USDT"]')
    assert set(read(tmp_path, named, **kinds).venues) == {"kraken", "mexc_futures", "mexc_spot"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    other: str = ""

    def hears(self) -> tuple[Subscription, ...]:
        return (Subscription("balance", "mexc_spot", self.other),)


@pytest.mark.parametrize("table", ["", "[venues.mexc_spot]\n"])
def test_a_venue_of_which_no_symbol_is_heard_has_to_name_one(tmp_path: Path, table: str) -> None:
    text = f'[strategies.btc]\nvenue = "kraken"\nsymbol = "BTC/USD"\n{table}'
    (said,) = problems(tmp_path, text, parameters_of=lambda kind: Hearing)
    assert said == (
        f"mm.toml{':4' if table else ''}: venues.mexc_spot.symbols: expected a symbol there, for strategies.btc hears "
        'the venue and names none, got none (write symbols = ["BASE/QUOTE"] under [venues.mexc_spot])'
    )
    named = text.replace(table or "$", "") + '[venues.mexc_spot]\nsymbols = ["BTC/USDT"]\n'
    settings = read(tmp_path, named, parameters_of=lambda kind: Hearing)
    assert symbols_of(settings, "mexc_spot") == ("BTC/USDT",)


def test_a_limit_for_every_symbol_may_be_one_number(tmp_path: Path) -> None:
    settings = read(tmp_path, changed('{ "BTC/USD" = 0.1 }', "0.2"))
    assert settings.limits.position_max("ETH/USD") == Decimal("0.2")


def test_a_symbol_may_be_a_contracts() -> None:
    rule = Rule(type="text", form="symbol")
    for symbol in ("BTC/USD", "BTC/USDT:USDT", "BTC/USD:BTC"):
        assert rule.check(symbol) == symbol
    for symbol in ("BTC/USDT:", "BTC/:USDT", "BTC:USDT", "BTC/USDT:usdt", "BTC/USDT:US DT"):
        with pytest.raises(Refused):
            rule.check(symbol)


def test_two_strategies_may_not_share_a_symbol(tmp_path: Path) -> None:
    second = GOOD.split("[strategies.btc]")[1].split("[limits]")[0]
    (problem,) = problems(tmp_path, GOOD + "[strategies.more]" + second)
    assert "strategies.more.symbol: expected one strategy a symbol" in problem


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD, {"MM_STRATEGIES__BTC__SPREAD_BPS": "12.5", "MM_RUN__SEED": "9"})
    assert settings.strategies["btc"].parameters.spread_bps == Decimal("12.5")
    assert settings.run.seed == 9


def test_a_wrong_override_names_its_variable(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, GOOD, {"MM_LIMITS__MAX_ORDR_SIZE": "1"})
    assert problem.startswith("environment MM_LIMITS__MAX_ORDR_SIZE: limits.max_ordr_size")
    assert 'did you mean "max_order_size"?' in problem


def test_command_line_wins_over_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "mm.toml"
    path.write_text(GOOD)
    assert load(path, Environment({"MM_RUN__SEED": "9"}), {("run", "seed"): 11}).run.seed == 11


def test_a_strategy_of_a_user_declares_its_own_parameters(tmp_path: Path) -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Parameters:
        threshold_bps: Decimal = number("bps", above=0, most=10)
        count: int = integer(default=3, least=1, most=5)

    path = tmp_path / "mm.toml"
    text = '[strategies.mine]\nkind = "mine:Own"\nvenue = "kraken"\nsymbol = "BTC/USD"\n'
    path.write_text(text + "threshold_bps = 2.5\n")
    strategy = load(path, Environment({}), parameters_of=lambda kind: Parameters).strategies["mine"]
    assert strategy.parameters == Parameters(threshold_bps=Decimal("2.5"), count=3)
    path.write_text(text + "treshold_bps = 2.5\ncount = 9\n")
    with pytest.raises(SettingsError) as caught:
        load(path, Environment({}), parameters_of=lambda kind: Parameters)
    assert [problem.key.rsplit(".")[-1] for problem in caught.value.problems] == [
        "treshold_bps",
        "count",
        "threshold_bps",
    ]


MUTATIONS = [Decimal("0.01"), Decimal("0.1"), Decimal(10), Decimal(100), Decimal(-1), Decimal(0)]


@pytest.mark.parametrize("key", ["spread_bps", "quote_size", "max_position"])
@pytest.mark.parametrize("factor", MUTATIONS)
def test_a_mistaken_number_is_refused_or_stays_under_the_caps(tmp_path: Path, key: str, factor: Decimal) -> None:
    values = {"spread_bps": Decimal(10), "quote_size": Decimal("0.001"), "max_position": Decimal("0.05")}
    text = changed(f"{key} = {values[key]}", f"{key} = {values[key] * factor}")
    try:
        settings = read(tmp_path, text)
    except SettingsError:
        return
    knobs = settings.strategies["btc"].parameters
    assert 0 < knobs.open_size() <= knobs.max_position <= settings.limits.position_max("BTC/USD")
    assert 0 < knobs.spread_bps / 2 <= settings.limits.price_collar_bps
    assert factor > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = x\n", "1:5: file: expected valid TOML, got invalid value (after"),
        ("\na 1\n", "2:3: file: expected valid TOML, got expected '=' after a key"),
        ('a = "x\n', "a quote is missing at the end"),
        ('a = "x', "a quote is missing at the end of the text"),
        ("a = 1\na = 2\n", "the key stands twice: keep one"),
        ("[t]\n[t]\n", "the table stands twice: join the two"),
        ("[t\n", "a closing ] is missing"),
        ("a = [1\n\n", "1:7: file: expected valid TOML, got "),
        ("a = 1 b = 2\n", "write one key = value a line"),
        ("= 1\n", "a line is key = value, [table] or # comment"),
        ("a = " + "[" * 5000, "nothing here needs such a value"),
        ("a = " + "9" * 5000, "nothing here needs such a value"),
    ],
)
def test_broken_toml_is_told_like_any_other_problem(tmp_path: Path, text: str, said: str) -> None:
    (found,) = problems(tmp_path, text)
    assert f"mm.toml:{said}" in found if said[0].isdigit() else said in found, found
