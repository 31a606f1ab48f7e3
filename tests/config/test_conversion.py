"""`[conversion.NAME]`: what a currency is worth, checked at the door."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mm.config import Environment, SettingsError, load
from mm.config.canonical import from_json, to_json
from mm.live.linking import symbols_of

STRATEGY = """
[strategies.test]
symbol = "BTC/USDT"
spread_bps = 2
quote_size = 0.01
max_position = 0.05
"""


def read(tmp_path, text):
    path = tmp_path / "mm.toml"
    path.write_text(STRATEGY + text)
    return load(path, Environment({}))


def test_a_market_of_a_rate_is_subscribed_and_kept_in_the_recording(tmp_path):
    settings = read(tmp_path, '[conversion.USDT]\nvenue = "kraken"\nsymbol = "USDT/USD"\npeg_deviation_bps_max = 50\n')
    assert symbols_of(settings, "kraken") == ("BTC/USDT", "USDT/USD")
    stated = from_json(to_json(settings)).conversion["USDT"]
    assert (stated.name, stated.venue, stated.symbol) == ("USDT", "kraken", "USDT/USD")
    assert (stated.peg, stated.peg_deviation_bps_max) == (None, Decimal(50))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[conversion.USDT]\nvenue = "kraken"\n', "symbol beside venue"),
        ('[conversion.USDT]\nsymbol = "USDT/USD"\n', "venue beside symbol"),
        ('[conversion.USDT]\nvenue = "kraken"\nsymbol = "BTC/USD"\n', '"USDT/USD"'),
        ("[conversion.USD]\nrate = 1\n", "a currency other than USD"),
        ("[conversion.usdt]\nrate = 1\n", "a currency such as USDT"),
        ("[conversion.USDT]\nrate = 0\n", "above 0"),
        ("[conversion.USDT]\nrates = 1\n", "rate"),
        ('[conversion.USDT]\nvenue = "kraken"\nsymbol = "USDT/USD"\n[venues.kraken]\nsymbols = ["BTC/USDT"]\n',
         "one of the symbols of venues.kraken"),
    ],
)  # fmt: skip
def test_a_rate_that_cannot_be_is_answered_with_what_to_do(tmp_path, text, said):
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
