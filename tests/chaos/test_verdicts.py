"""What `mm chaos` says of a configuration that gave it nothing to judge, or whose own code raised."""

import json

from mm.__main__ import main

QUOTES = """
[run]
world = "sim"
[venues.kraken]
[strategies.own]
kind = "{kind}"
venue = "kraken"
symbol = "BTC/USD"
spread_bps = 1
quote_size = 0.001
max_position = 0.01
"""
HEDGES = """
[venues.mexc_spot]
[hedging.btc]
policy = "tests.chaos.idle:NoPlan"
primary = "kraken"
symbol = "BTC/USD"
hedge = "mexc_spot"
hedge_symbol = "BTC/USDT"
threshold = 0
debt_max_usd = 1000
"""
IDLE, RAISING = "tests.chaos.idle:Idle", "tests.chaos.idle:Raising"
SHORT = ["--minutes", "1", "--faults", "1,7"]


def chaos(folder, text, *arguments):
    config = folder / "own.toml"
    config.write_text(text)
    return main(["chaos", "--config", str(config), *SHORT, *arguments])


def test_a_strategy_that_never_trades_is_not_acquitted(tmp_path, capsys):
    assert chaos(tmp_path, QUOTES.format(kind=IDLE), "--seeds", "2") == 3
    shown = capsys.readouterr().out
    assert "nothing was judged: no seed held enough to count: the bot placed 0 orders" in shown
    assert "nothing was broken" not in shown
    assert chaos(tmp_path, QUOTES.format(kind=IDLE), "--seed", "1") == 3
    shown = capsys.readouterr().out
    assert "nothing was judged: the run held too little: the bot placed 0 orders" in shown
    assert "nothing was broken" not in shown


def test_of_all_classes_enough_must_have_struck_and_of_chosen_ones_none_need(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("mm.chaos.world.FAULTS_MIN", 1000)
    text = QUOTES.format(kind="market_maker")
    assert chaos(tmp_path, text, "--seeds", "1") == 0
    assert "nothing was broken" in capsys.readouterr().out
    assert main(["chaos", "--config", str(tmp_path / "own.toml"), "--seeds", "1", "--minutes", "0.5"]) == 3
    assert "nothing was judged: no seed held enough to count: " in capsys.readouterr().out


def test_a_strategy_that_raises_is_named_and_no_acquittal(tmp_path, capsys):
    text = QUOTES.format(kind=RAISING)
    assert chaos(tmp_path, text, "--seeds", "1") == 1
    shown = capsys.readouterr()
    said = "RAISED strategy own: it raised ValueError: a bug of its own (idle.py:"
    assert said in shown.out
    assert "nothing was broken" not in shown.out
    assert "seed 1 broke raised: mm chaos --seed 1" in shown.err
    assert chaos(tmp_path, text, "--seed", "1") == 1
    assert said in capsys.readouterr().out
    assert chaos(tmp_path, text, "--seed", "1", "--json") == 1
    (raised,) = json.loads(capsys.readouterr().out)["raised"]
    assert raised.startswith(said.removeprefix("RAISED "))


def test_a_hedging_policy_that_raises_is_named_and_no_acquittal(tmp_path, capsys):
    assert chaos(tmp_path, QUOTES.format(kind="market_maker") + HEDGES, "--seeds", "1") == 1
    said = "RAISED hedging.btc: policy tests.chaos.idle:NoPlan: it raised TypeError: plan() returned NoneType"
    assert said in capsys.readouterr().out
