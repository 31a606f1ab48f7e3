"""The terminal picture: everything in its place, whatever the size of the terminal."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm.screen.narrator import Happening
from mm.screen.picture import paint, picture
from mm.screen.snapshot import AccountsView, DebtView, ReconciledView, Snapshot
from tests.screen.test_lines import MARKET, SNAPSHOT

NOW = 1_700_000_000_123_000_000
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def drawn(snapshot=SNAPSHOT, happenings=(), columns=100, lines=40, depth=None, has_colour=False):
    rows = picture(snapshot, happenings, columns, lines, {} if depth is None else depth)
    return [paint(row, columns, has_colour=has_colour) for row in rows]


def test_the_whole_picture() -> None:
    assert [line.rstrip() for line in drawn(happenings=[Happening(NOW, "Bought 1 BTC", count=3)], columns=72)] == [
        " mm  simulation  0:00:30            Ctrl-C cancels own orders and stops",
        " recorded market",
        "",
        " Kraken BTC/USD  50,123.4 / 50,123.5  spread 0.02 bps, book 12 ms old",
        "   our ask        50,123.6         0.005     +0.03 bps  moving",
        "   our bid        50,123.3         0.005     -0.03 bps  resting",
        "",
        "",
        " Orders: 142 total, 2 open, 128 filled",
        " Hedges: 5 fills, $4,523.45 volume",
        " Position: 0.0234 BTC (avg entry: $50,123.45)",
        " Profit: +$1.20 = spread captured +$2.10, inventory -$0.50, fees -$0.40",
        "",
        " up   Kraken public   DOWN Kraken private",
        " Kraken BTC/USD 12.0 of 180 left",
        " Tick to trade: p50 12.3 us, p99 45.6 us, max 1.20 ms",
        "",
        " 22:13:20.123  Bought 1 BTC (in 3 fills)",
    ]


def test_figures_stay_in_their_rows_when_quotes_go() -> None:
    depth: dict[tuple[str, str], int] = {}
    several = dataclasses.replace(MARKET, quotes=MARKET.quotes * 3)
    with_quotes = drawn(dataclasses.replace(SNAPSHOT, markets=(several,)), depth=depth)
    without = drawn(dataclasses.replace(SNAPSHOT, markets=(dataclasses.replace(MARKET, quotes=()),)), depth=depth)
    assert len(with_quotes) == len(without)
    assert with_quotes[-2:] == without[-2:]


def test_a_reason_for_silence_and_a_missing_book_are_shown() -> None:
    silent = dataclasses.replace(MARKET, bid="", ask="", book_age_ns=-1, quotes=(), why="not quoting: no book yet")
    text = "\n".join(drawn(dataclasses.replace(SNAPSHOT, markets=(silent,))))
    assert "Kraken BTC/USD  no book" in text
    assert "not quoting: no book yet" in text


def test_live_is_called_by_its_name() -> None:
    assert "LIVE: real orders, real money" in drawn(dataclasses.replace(SNAPSHOT, world="live"))[0]


@given(
    st.integers(10, 200),
    st.integers(5, 60),
    st.lists(st.text(max_size=200), max_size=30),
    st.booleans(),
)
def test_no_line_is_wider_and_no_picture_higher_than_the_terminal(
    columns: int, lines: int, texts: list[str], has_colour: bool
) -> None:
    told = [Happening(NOW, text) for text in texts]
    shown = drawn(happenings=told, columns=columns, lines=lines, has_colour=has_colour)
    assert len(shown) <= lines
    for line in shown:
        bare = ESCAPE.sub("", line)
        assert len(bare) <= columns
        assert bare.isprintable()


LABELLED = dataclasses.replace(SNAPSHOT, labels=("The market is recorded. " * 12, "The accounts are simulated. " * 6))


def test_nothing_of_a_figure_is_cut_off_in_a_narrow_terminal() -> None:
    wide, narrow = drawn(columns=200), drawn(columns=40, lines=60)
    profit = next(line for line in wide if "Profit: " in line)
    assert " ".join(profit.split()) in " ".join(" ".join(narrow).split())
    assert any(line.startswith("   ") and "fees -$0.40" in line for line in narrow)


def test_a_row_that_took_two_goes_on_taking_two() -> None:
    depth: dict[tuple[str, str], int] = {}
    without = dataclasses.replace(SNAPSHOT, labels=())
    long = drawn(
        dataclasses.replace(without, markets=(dataclasses.replace(MARKET, why="so " * 40),)), depth=depth, columns=72
    )
    short = drawn(without, depth=depth, columns=72)
    assert len(long) == len(short)
    assert long[-2:] == short[-2:]


def test_what_the_simulation_is_made_of_makes_way_in_a_low_terminal() -> None:
    high, low = drawn(LABELLED, columns=80, lines=50), drawn(LABELLED, columns=80, lines=22)
    assert sum("The market is recorded" in line for line in high) > 2
    assert [line for line in low if "recorded" in line] == [low[1]]
    assert low[1].endswith(" …")
    assert not any("accounts are simulated" in line for line in low)
    assert any("Order round trip" in line or "Tick to trade" in line for line in low)


def three_markets() -> Snapshot:
    """The default run at its fullest: a third market held, every link with a row of its own."""
    silent = dataclasses.replace(MARKET, quotes=(), why="not quoting: private stream is down")
    hedges = dataclasses.replace(MARKET, venue="mexc_futures", is_watched=True, quotes=(), why="liquidation at 9.00")
    spot = dataclasses.replace(hedges, venue="mexc_spot", why="")
    accounts = AccountsView(spread=0, inventory=0, fees=0, hedging=0, funding=0, conversion=0, residual=0)
    links = tuple(
        (venue, way, False) for venue in ("kraken", "mexc_futures", "mexc_spot") for way in ("public", "private")
    )
    return dataclasses.replace(
        SNAPSHOT,
        markets=(silent, hedges, spot),
        accounts=accounts,
        links=links,
        reconciled=ReconciledView(age_ns=0, differences=0),
        latencies=SNAPSHOT.latencies * 3,
    )


THREE_MARKETS = three_markets()


@pytest.mark.parametrize("lines", [24, 23, 30])
def test_a_low_terminal_shows_silence_links_and_news_before_what_profit_is_made_of(lines: int) -> None:
    busy = dataclasses.replace(THREE_MARKETS, labels=LABELLED.labels)
    shown = drawn(busy, [Happening(NOW, f"news {number}") for number in range(5)], columns=80, lines=lines)
    text = "\n".join(shown)
    assert len(shown) <= lines
    for wanted in ("not quoting: private", "DOWN MEXC Spot private", "Reconciled 0 s ago", "Orders: 142", "news 4"):
        assert wanted in text
    assert "Profit over all venues: +$0.00; residual 0" in text
    assert "Profit: " not in text
    high = "\n".join(drawn(busy, columns=80, lines=60))
    assert high.count("Profit: ") == 3
    assert "Tick to trade" in high


def default_run(*, is_down: bool = False) -> Snapshot:
    """The default run once it is going: it quotes one market of four, and owes a hedge."""
    hedges = dataclasses.replace(MARKET, venue="mexc_futures", is_watched=True, quotes=(), why="liquidation at 9.00")
    idle = dataclasses.replace(
        hedges, venue="mexc_spot", quantity=0, fees=0, inventory=0, spread_captured=0, bid="7.1", ask="7.2", why=""
    )
    owed = DebtView(
        name="btc",
        venue="mexc_futures",
        base="BTC",
        quote="USDT",
        amount=-(10**10),
        age_ns=184_000_000,
        paid=75 * 10**9,
        cost=7 * 10**10,
        mean_wait_ns=349_000_000,
        note="held back: the venue's order rate",
    )
    return dataclasses.replace(
        THREE_MARKETS,
        labels=("One recording, no basis: Kraken, MEXC Futures", *LABELLED.labels),
        markets=(MARKET, hedges, idle, dataclasses.replace(idle, symbol="USDT/USD")),
        links=tuple((venue, way, not (is_down and way == "private")) for venue, way, _ in THREE_MARKETS.links),
        debts=(owed,),
    )


@pytest.mark.parametrize("lines", [23, 11])
def test_a_low_terminal_shows_quotes_position_debt_and_profit_before_books_that_are_not_quoted(lines: int) -> None:
    shown = drawn(default_run(), [Happening(NOW, f"news {number}") for number in range(5)], columns=80, lines=lines)
    text = "\n".join(shown)
    for wanted in (
        "One recording, no basis",
        "50,123.4 / 50,123.5",
        "our ask",
        "our bid",
        "Orders: 142, 2 open, 128 filled; hedges: 5 fills, $4,523.45",
        "Hedge debt: 0.01 BTC short, 184 ms old",
        "on MEXC Futures",
        "Profit over all venues: +$0.00; residual 0",
    ):
        assert wanted in text, text
    assert "7.1 / 7.2" not in text
    if lines == 23:
        assert "all 6 links: Kraken, MEXC Futures, MEXC Spot" in text
        assert "liquidation at 9.00" in text
        assert "news 4" in text


def test_links_take_a_row_of_their_own_when_one_is_down() -> None:
    text = "\n".join(drawn(default_run(is_down=True), columns=120, lines=60))
    assert "DOWN Kraken private" in text
    assert " up   MEXC Spot public" in text


@pytest.mark.parametrize("style", ["green", "bar"])
def test_a_style_ends_with_its_text(style: str) -> None:
    assert paint(((style, "abc"), ("", "def")), 5, has_colour=True).endswith("m" + "de")
    assert "\x1b" not in paint(((style, "abc"),), 5, has_colour=False)
