"""Decimal text to integers and back, against the Fraction twin."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core.fixed import FixedError, amount, amount_text, to_text, to_units
from tests.reference import fixed as reference

digits = st.text("0123456789", max_size=24)
decimals = st.builds(
    lambda sign, whole, point, fraction, power: f"{sign}{whole}{point}{fraction}{power}",
    st.sampled_from(["", "", "", "-", "+"]),
    digits,
    st.sampled_from([".", ".", "", ".."]),
    digits,
    st.one_of(st.just(""), st.builds("{}{}".format, st.sampled_from("eE"), st.integers(-40, 40))),
)
near_limit = st.integers(2**63 - 3, 2**63 + 3).map(str)
noise = st.text("0123456789.-+eE_ \n\0xNaInf\u0661", max_size=12)
texts = st.one_of(decimals, near_limit, noise)
int64 = st.integers(-(2**63), 2**63 - 1)


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except FixedError as error:
        return None if error.field == "price" and "price" in str(error) else error


@given(texts, st.integers(0, 18), st.sampled_from([1, 1, 5, 1000]), st.booleans(), st.booleans())
def test_to_units_agrees_with_the_twin(text, precision, increment, allow_zero, allow_negative):
    expected = reference.to_units(text, precision, increment, allow_zero, allow_negative)
    assert outcome(to_units, text, precision, "price", increment, allow_zero, allow_negative) == expected
    assert outcome(to_units, text.encode(), precision, "price", increment, allow_zero, allow_negative) == expected


@given(texts)
def test_amount_agrees_with_the_twin(text):
    assert outcome(amount, text, "price") == reference.amount(text)


@given(st.binary(max_size=140))
def test_any_bytes_give_a_number_or_a_fixed_error(raw):
    outcome(to_units, raw, 8, "price", 1, True, True)
    outcome(amount, raw, "price")


@given(int64, st.integers(0, 18))
def test_text_of_units_goes_back_to_the_same_units(units, precision):
    text = to_text(units, precision)
    assert text == reference.to_text(units, precision)
    if units > -(2**63):
        assert to_units(text, precision, "price", 1, True, True) == units


@given(st.integers(-(10**99), 10**99))
def test_amount_text_goes_back_to_the_same_amount(units):
    assert amount(amount_text(units), "fee") == units


@pytest.mark.parametrize(
    ("text", "precision", "increment", "reason"),
    [
        ("", 2, 1, "is blank"),
        ("abc", 2, 1, "is not a decimal number"),
        ("NaN", 2, 1, "is not a decimal number"),
        ("Infinity", 2, 1, "is not a decimal number"),
        ("-inf", 2, 1, "is not a decimal number"),
        (" 1", 2, 1, "is not a decimal number"),
        ("1_000", 2, 1, "is not a decimal number"),
        ("1e", 2, 1, "is not a decimal number"),
        ("12345678901234567890e", 2, 1, "is not a decimal number"),
        ("1.001", 2, 1, "has more than 2 decimals"),
        ("1e-3", 2, 1, "has more than 2 decimals"),
        ("1e-99999999999", 2, 1, "has more than 2 decimals"),
        ("92233720368547758.08", 2, 1, "is out of range"),
        ("1e400", 2, 1, "is out of range"),
        ("1e99999999999", 2, 1, "is out of range"),
        ("0.30000000000000000001", 2, 1, "has too many digits"),
        ("0", 2, 1, "is zero"),
        ("-0.00", 2, 1, "is zero"),
        ("-1", 2, 1, "is negative"),
        ("1.03", 2, 5, "is not a multiple of 0.05"),
        ("1" * 129, 2, 1, "has too many digits"),
    ],
)
def test_refusal_names_field_value_and_reason(text, precision, increment, reason):
    with pytest.raises(FixedError, match="limit_price") as caught:
        to_units(text, precision, "limit_price", increment)
    assert caught.value.field == "limit_price"
    assert caught.value.value == text
    assert caught.value.reason.startswith(reason)


@pytest.mark.parametrize("value", [1, 1.5, None, True, ["1"]])
def test_what_is_not_text_is_refused_as_a_value(value):
    with pytest.raises(FixedError, match="decimal text was expected"):
        to_units(value, 2, "price")


@pytest.mark.parametrize(
    ("text", "precision", "units"),
    [
        ("64525.0", 1, 645250),
        ("0.00005100", 8, 5100),
        ("1e-08", 8, 1),
        ("1E+2", 2, 10000),
        ("0.50000000000000000000000", 1, 5),
        ("000123", 0, 123),
        (".5", 1, 5),
        ("5.", 1, 50),
        ("9223372036854775807", 0, 2**63 - 1),
    ],
)
def test_forms_that_venues_and_people_write(text, precision, units):
    assert to_units(text, precision, "price") == units


def test_long_hostile_exponent_of_an_amount_is_refused_without_work():
    for text in ("1e999999999", "12345678901234567890e999999", "1e-999999999"):
        with pytest.raises(FixedError):
            amount(text, "fee")
    assert amount("0e999999999", "fee") == 0


def test_a_negative_amount_is_refused_where_none_can_be():
    assert amount("-0.26", "fee") == -260_000_000_000
    with pytest.raises(FixedError, match=r"fee: '-0\.26' is negative"):
        amount("-0.26", "fee", allow_negative=False)


def test_precision_and_increment_out_of_range_are_our_mistake():
    with pytest.raises(ValueError, match="precision"):
        to_units("1", 19, "price")
    with pytest.raises(ValueError, match="increment"):
        to_units("1", 1, "price", 0)
    with pytest.raises(ValueError, match="precision"):
        to_text(1, -1)


def test_error_survives_a_process_border():
    error = pickle.loads(pickle.dumps(FixedError("price", "x", "is not a decimal number")))
    assert (error.field, error.value, error.reason) == ("price", "x", "is not a decimal number")
