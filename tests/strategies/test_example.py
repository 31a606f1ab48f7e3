"""The example of the documentation runs as it stands, in the whole bot against the simulated venue."""

from pathlib import Path

import pytest

from mm._core import events as ev
from mm.strategies import find, parameters_of
from tests.backtest.session import Session

EXAMPLES = Path(__file__).parents[2] / "examples" / "strategies"

TOML = """
[venues.kraken]
tier = "pro"
accept_account_wide_timer = true
[strategies.btc]
kind = "microprice:Microprice"
symbol = "BTC/USD"
width_bps = 0.2
quote_size = 0.005
"""


def test_a_strategy_of_one_file_outside_the_package_quotes_and_fills(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    session = Session(tmp_path, toml=TOML)
    session.run(30)
    assert {place.side for place in session.of(ev.Place)} == {1, -1}
    assert session.engine.fills > 0
    assert session.stop()
    session.run(1)
    session.check_books()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("market_makr", 'known kinds: "cross_exchange_market_maker", "market_maker"'),
        ("nowhere:Thing", "nowhere cannot be imported"),
        ("mm.strategies.base:MarketState", "no subclass of mm.strategies.Strategy named MarketState"),
    ],
)
def test_a_kind_that_is_not_there_says_what_is(kind, message):
    with pytest.raises(LookupError, match=message):
        find(kind)


def test_a_kind_is_found_by_the_name_of_its_file():
    assert find("market_maker").__module__ == "mm.strategies.market_maker"
    assert parameters_of("market_maker") is find("market_maker").Parameters
