"""Integer amounts as a trader reads them: `$4,523.45`, `0.0234`, `50,123.45`. For display only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mm.instruments import Instrument


def rounded(units: int, precision: int, places: int) -> int:
    """`units` of 10^-precision as units of 10^-places, halves away from zero."""
    if precision <= places:
        return units * int(10 ** (places - precision))
    step = int(10 ** (precision - places))
    half = (abs(units) + step // 2) // step
    return half if units >= 0 else -half


def grouped(units: int, precision: int, places: int, *, sign: bool = False) -> str:
    """`50,123.45`: thousands grouped, exactly `places` decimals; `sign` writes the plus too."""
    value = rounded(units, precision, places)
    whole, part = divmod(abs(value), 10**places)
    text = f"{whole:,}" + (f".{part:0{places}d}" if places else "")
    if value < 0:
        return "-" + text
    return "+" + text if sign else text


def shown_parts(parts: Sequence[int], precision: int, places: int = 2) -> tuple[int, list[int]]:
    """A total and its parts as units of 10^-places that add up as they are shown.

    The total is rounded; what the rounded parts miss goes to those that were rounded furthest away from it.
    """
    total = rounded(sum(parts), precision, places)
    shown = [rounded(part, precision, places) for part in parts]
    missing = total - sum(shown)
    scale = 10 ** max(0, precision - places)
    step = 1 if missing > 0 else -1
    # Positive where a part was shown as too small for its true value, in the direction that is missing.
    order = sorted(range(len(parts)), key=lambda index: step * (shown[index] * scale - parts[index]))
    for index in order[: abs(missing)]:
        shown[index] += step
    return total, shown


def in_base(instrument: Instrument, size: int) -> str:
    """`0.0234 BTC`: a size in units of the instrument, whatever those are, in its base asset."""
    return f"{plain(instrument.base_units(size), instrument.base_precision)} {instrument.base}"


def plain(units: int, precision: int) -> str:
    """`0.0234`: exact, without needless zeros."""
    whole, part = divmod(abs(units), 10**precision)
    text = str(whole)
    if part:
        text += f".{part:0{precision}d}".rstrip("0")
    return "-" + text if units < 0 else text


def money(units: int, precision: int, currency: str, *, sign: bool = False, places: int = 2) -> str:
    """`$4,523.45` for USD, `4,523.45 EUR` for another currency."""
    text = grouped(units, precision, places, sign=sign)
    if currency != "USD":
        return f"{text} {currency}"
    return f"{text[0]}${text[1:]}" if text[0] in "+-" else f"${text}"


def ratio(numerator: int, denominator: int, precision: int, places: int) -> str:
    """An exact average in units of 10^-precision, grouped: `50,123.45`. denominator: positive."""
    scale = 10**6
    return grouped(numerator * scale // denominator, precision + 6, places)


def movement(amount: float) -> str:
    """`+1.25`, `-1.25`; `0.00` for what is nothing at two decimals, which moves nowhere."""
    cents = round(amount, 2)
    return f"{cents:+.2f}" if cents else "0.00"


def thousands(text: str) -> str:
    """`61,829.70` for the plain decimal text `61829.70`."""
    whole, point, part = text.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits):,}{point}{part}" if digits.isdecimal() else text


def trimmed(text: str) -> str:
    """`0.005` for the plain decimal text `0.00500000`."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def venue_title(name: str) -> str:
    """A venue's name for people: `Kraken`, `MEXC Spot`."""
    return _TITLES.get(name) or " ".join("MEXC" if word == "mexc" else word.capitalize() for word in name.split("_"))


def call_venue(name: str, title: str) -> None:
    """Let a venue be called what its face says, on every screen of this process."""
    _TITLES[name] = title


_TITLES: dict[str, str] = {}
