"""No digit is lost: on every number that Kraken was recorded to print, and on any that it might."""

from __future__ import annotations

import json
import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mm._core.events import BUY, Balance, Fill
from mm.exchanges.wire import Number, digits, parse
from tests.exchanges.kraken.samples import DATA, NOW, codec

NUMBER = re.compile(rb"(?<=[:\[,\s])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?=[,}\]\s])")


def recorded_numbers() -> list[bytes]:
    texts = [path.read_bytes() for path in DATA.rglob("*.*json")]
    outside = [re.sub(rb'"[^"]*"', b'""', text) for text in texts]
    return [number for text in outside for number in NUMBER.findall(text)]


def test_every_recorded_number_keeps_its_text() -> None:
    numbers = recorded_numbers()
    assert len(numbers) > 3_000
    for text in numbers:
        assert digits({"n": parse(text)}, "n") == text.decode()


def test_some_recorded_numbers_could_not_pass_through_a_double() -> None:
    """Why numbers are not parsed as floats: the largest connection id is one that a double changes."""
    assert any(int(float(text)) != int(text) for text in recorded_numbers() if b"." not in text and b"e" not in text)


@given(units=st.integers(0, 10**28), decimals=st.integers(0, 12))
def test_any_balance_is_exact(units: int, decimals: int) -> None:
    text = fixed(units, decimals)
    payload = b'{"channel":"balances","type":"snapshot","data":[{"asset":"X","balance":%b}],"sequence":1}'
    decoded = codec().decode_frame(payload % text.encode(), NOW)
    assert decoded.events == (Balance(NOW, "kraken", "X", units * 10 ** (12 - decimals), "snapshot"),)


def test_balance_beyond_a_double() -> None:
    text = "5000000000.1234567890"
    assert Decimal(repr(float(text))) != Decimal(text)
    payload = b'{"channel":"balances","type":"snapshot","data":[{"asset":"PEPE","balance":%b}],"sequence":1}'
    (balance,) = codec().decode_frame(payload % text.encode(), NOW).events
    assert balance.total == 5000000000123456789000


@given(
    price=st.integers(1, 2**63 - 1),
    size=st.integers(1, 2**63 - 1),
    fee=st.integers(0, 10**20),
    exponent=st.booleans(),
)
def test_any_fill_is_exact(price: int, size: int, fee: int, exponent: bool) -> None:
    def number(units: int, decimals: int) -> str:
        return f"{units}e-{decimals}" if exponent else fixed(units, decimals)

    row = (
        f'{{"order_id":"O","exec_id":"T","exec_type":"trade","symbol":"BTC/USD","side":"buy",'
        f'"last_qty":{number(size, 8)},"last_price":{number(price, 1)},"cum_qty":{number(size, 8)},"liquidity_ind":"m",'
        f'"fees":[{{"asset":"USD","qty":{number(fee, 10)}}}]}}'
    )
    payload = f'{{"channel":"executions","type":"update","data":[{row}],"sequence":5}}'.encode()
    decoded = codec().decode_frame(payload, NOW)
    expected = Fill(NOW, 0, "kraken", "", "O", "BTC/USD", BUY, "T", price, size, size, "m", fee * 100, "USD")
    assert decoded.events == (expected,), decoded.error


@given(st.integers(0, 10**15), st.integers(0, 8), st.integers(0, 8))
def test_trailing_zeros_change_nothing(units: int, decimals: int, zeros: int) -> None:
    value = parse(fixed(units, decimals).encode() + (b"0" * zeros if decimals else b""))
    assert Decimal(digits({"n": value}, "n")) == Decimal(fixed(units, decimals))


def test_whole_numbers_are_integers_and_others_are_text() -> None:
    value = parse(b'[8000, 8000.0, 8e3, "8000", true]')
    assert [type(each) for each in value] == [int, Number, Number, str, bool]
    assert value[0] == json.loads("8000")


def fixed(units: int, decimals: int) -> str:
    """Fixed decimals by cutting text, not by arithmetic."""
    if not decimals:
        return str(units)
    text = str(units).rjust(decimals + 1, "0")
    return f"{text[:-decimals]}.{text[-decimals:]}"
