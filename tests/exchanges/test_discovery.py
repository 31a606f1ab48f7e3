"""Venues by their names, and venues of other packages by where those are."""

import pytest

from mm.errors import ConfigError
from mm.exchanges import find
from mm.exchanges.discovery import entry_maker_fee_bps, names, title
from mm.simulator.kinds import KINDS, take

LANTERN = "examples.venue.lantern"


def test_a_venue_of_the_package_is_found_by_its_name():
    assert [find(name).name for name in names()] == names()


def test_a_venue_outside_is_found_by_its_package():
    assert find("lantern", LANTERN).name == "lantern"


@pytest.mark.parametrize(
    ("name", "package", "key", "said"),
    [
        ("kraken_spot", "", "venues.kraken_spot", "did you mean kraken?"),
        ("acme", "", "venues.acme", "package ="),
        ("acme", "no.such.module", "venues.acme.package", "No module named 'no'"),
        ("acme", "mm.errors", "venues.acme.package", "with a VENUE in it"),
        ("acme", LANTERN, "venues.acme.package", 'VENUE.name is "lantern"'),
    ],
)
def test_what_cannot_be_found_says_where_and_why(name, package, key, said):
    with pytest.raises(ConfigError) as raised:
        find(name, package)
    assert key in str(raised.value)
    assert said in str(raised.value)


def test_what_a_venue_says_of_itself():
    assert [title(name) for name in names()] == ["Kraken", "MEXC Futures", "MEXC Spot"]
    assert title("lantern", LANTERN) == "Lantern"
    assert entry_maker_fee_bps("kraken") == 25
    assert entry_maker_fee_bps("mexc_spot") is None
    assert entry_maker_fee_bps("no_such_venue") is None


def test_a_package_that_raises_is_named(tmp_path, monkeypatch):
    (tmp_path / "broken_venue.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="ZeroDivisionError"):
        find("acme", "broken_venue")


def test_a_counterpart_outside_can_be_hosted(monkeypatch):
    monkeypatch.delitem(KINDS, "lantern", raising=False)
    assert take("kraken") == "kraken"
    assert take(f"{LANTERN}.simulated") == "lantern"
    assert KINDS["lantern"].title == "Lantern"


@pytest.mark.parametrize(
    ("wanted", "said"), [("acme", "venues are kraken"), ("no.such", "cannot be"), ("mm.errors", "KIND")]
)
def test_a_counterpart_that_cannot_be_hosted_says_why(wanted, said):
    with pytest.raises(LookupError, match=said):
        take(wanted)
