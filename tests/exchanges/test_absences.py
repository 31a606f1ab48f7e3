"""Markets that lists leave out: which are believed to be gone, and how often they are looked for."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core.events import Alert, InstrumentUpdate
from mm.exchanges.absences import AGAIN_NS, LOOK_NS, Absences
from mm.instruments import Instrument
from tests.cases import cases
from tests.exchanges.mexc_futures import desk as futures
from tests.exchanges.mexc_spot import desk as spot

SECOND = 1_000_000_000
BTC = Instrument("v", "BTC/USDT", "BTC", "USDT", 2, 8)
STEPS = st.lists(
    st.tuples(st.sampled_from(["suspect", "left_out", "listed", "due"]), st.sampled_from([0, 1, SECOND, 9 * SECOND])),
    max_size=60,
)


@cases(100)
@given(STEPS)
def test_no_market_is_looked_for_twice_within_ten_seconds_whatever_is_heard_of_it(steps: list[tuple[str, int]]) -> None:
    absences, now_ns, looks = Absences(), 10**18, list[int]()
    for step, waited_ns in steps:
        now_ns += waited_ns
        if step == "suspect":
            absences.suspect(now_ns, BTC.symbol)
        elif step == "left_out":
            absences.left_out(now_ns, BTC)
        elif step == "listed":
            absences.listed(BTC.symbol)
        else:
            due_ns = absences.due_ns()
            is_due = bool(absences.due(now_ns))
            assert is_due == (0 < due_ns <= now_ns)
            looks += [now_ns] if is_due else []
            assert absences.due_ns() == 0 or absences.due_ns() > now_ns
    assert all(later - earlier >= AGAIN_NS for earlier, later in pairwise(looks))
    if absences.is_out(BTC.symbol):
        assert 0 < absences.due_ns() <= now_ns + LOOK_NS


def test_an_answer_that_cannot_be_read_is_not_asked_for_again_within_a_minute() -> None:
    absences, start_ns = Absences(), 10**18
    absences.left_out(start_ns, BTC)
    looks = [second for second in range(200) if absences.due(start_ns + second * SECOND)]
    assert looks == [10, 70, 130, 190]


def statuses(desk: spot.Desk | futures.Desk, symbol: str) -> list[str]:
    return [
        Instrument.from_json(event.definition).status for event in desk.of(InstrumentUpdate) if event.symbol == symbol
    ]


@pytest.mark.parametrize("refuses", [True, False])
def test_a_symbol_that_mexc_spot_lists_no_more_is_looked_for_alone(refuses: bool) -> None:
    desk = spot.Desk(("BTC/USDT", "ETH/USDT"), private=False)
    row = {name: spot.info(name) for name in ("BTCUSDT", "ETHUSDT", "MXUSDT")}

    def answer(fields: dict[str, str]) -> tuple[int, object]:
        asked = "".join(fields.values()).split(",") if fields else list(row)
        if refuses and not set(asked) <= set(row):
            return 400, {"code": 10007, "msg": "bad symbol"}
        return 200, {"symbols": [row[name] for name in asked if name in row]}

    desk.replies["GET exchangeInfo"] = answer
    desk.start()
    desk.run(130)
    there = row.pop("ETHUSDT")
    gone_ns = desk.now
    desk.run(600)
    assert statuses(desk, "ETH/USDT")[-2:] == ["unlisted", "delisted"]
    asked = ["".join(fields.values()) for fields in desk.asked("GET exchangeInfo", gone_ns)]
    # The whole list is some 60 ms of the loop: once, to know whose sake a refusal is for.
    assert asked.count("") == 1
    assert 9 <= asked.count("ETHUSDT") <= 12
    assert 8 <= asked.count("BTCUSDT") <= 12
    assert not desk.of(Alert)
    # Back, and not to be read: listed, on terms that nobody knows.
    row["ETHUSDT"] = {**there, "quotePrecision": "many"}
    since_ns = desk.now
    desk.run(600)
    assert len(desk.asked("GET exchangeInfo", since_ns)) <= 12
    assert statuses(desk, "ETH/USDT")[-1] == "delisted"
    row["ETHUSDT"] = there
    desk.run(70)
    assert statuses(desk, "ETH/USDT")[-1] == "online"


def test_a_symbol_that_mexc_spot_never_listed_is_looked_for_alone() -> None:
    desk = spot.Desk(("BTC/USDT", "NO/USDT"), private=False)
    desk.names = ["BTCUSDT"]
    desk.start()
    desk.run(600)
    asked = ["".join(fields.values()) for fields in desk.asked("GET exchangeInfo")]
    assert asked.count("") == 1
    assert 9 <= asked.count("NOUSDT") <= 12
    assert sum("not in the venue's list" in event.text for event in desk.of(Alert)) == 1
    desk.names.append("NOUSDT")
    desk.run(70)
    assert set(statuses(desk, "NO/USDT")) == {"online"}


@pytest.mark.parametrize("change", [{"priceScale": "many"}, {"settleCoin": "XYZ"}])
def test_a_contract_that_comes_back_on_terms_that_nobody_knows_is_not_asked_for_without_end(
    change: dict[str, str],
) -> None:
    desk = futures.Desk((futures.BTC, "ETH/USDT:USDT"), private=False)
    gone: dict[str, object] = {}

    def answer(fields: dict[str, str]) -> object:
        name = fields["symbol"]
        if name in gone:
            return gone[name]
        return futures.ok(futures.definition(name))

    desk.replies["GET contract/detail"] = answer  # type: ignore[assignment]
    desk.start()
    desk.run(5)
    gone["BTC_USDT"] = futures.refusal(1001)
    desk.run(150)
    assert statuses(desk, futures.BTC)[-2:] == ["unlisted", "delisted"]
    # Another one goes as well: what is due for the one says nothing of the other.
    gone["BTC_USDT"] = futures.ok({**futures.definition("BTC_USDT"), **change})
    desk.run(70)
    gone["ETH_USDT"] = futures.refusal(1001)
    since_ns = desk.now
    desk.run(600)
    assert len(desk.asked("GET contract/detail", since_ns)) <= 2 * 10 + 14
    assert statuses(desk, futures.BTC)[-1] in ("delisted", "cancel_only")
