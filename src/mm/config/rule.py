"""What one setting may be: its type, unit and bounds, declared beside the field and checked at the door.

A settings class is a frozen dataclass whose fields are made by the functions below; `reader.read_table` checks a TOML
table against it. A strategy outside the package declares its own `Parameters` in the same way.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

PLACES_MAX: Final = 18
"""Digits after the point: more than any venue's grid, few enough that a unit still fits 64 bits."""

UNITS: Final = {
    "bps": "basis points (1 bp = 0.01 %, so 10 bps = 0.1 % = 0.001)",
    "base": "units of the base asset (0.001 of BTC/USD is 0.001 BTC)",
    "usd": "US dollars",
    "ms": "milliseconds",
    "s": "seconds",
}
"""What a unit at the end of a name means, in words for an error message."""


class Refused(Exception):
    """A value breaks its rule. `expected` says what would be right, `came` what was there, `hint` what to do."""

    def __init__(self, expected: str, came: str, hint: str = "") -> None:
        self.expected = expected
        self.came = came
        self.hint = hint
        super().__init__(f"expected {expected}, got {came}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One setting's rule.

    type: "number", "integer", "boolean", "text", "choice", "texts" or "numbers"; unit: a key of `UNITS` or empty;
    above: exclusive lower bound; least, most: inclusive bounds; choices: of a choice; form: of a text, see `_text`;
    help_low, help_high: what a value beyond a bound most often means.
    """

    type: str
    unit: str = ""
    above: Decimal | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    choices: tuple[str, ...] = ()
    form: str = ""
    help_low: str = ""
    help_high: str = ""

    def expected(self) -> str:
        """What a right value is, in words."""
        if self.type == "choice":
            return "one of " + ", ".join(f'"{choice}"' for choice in self.choices)
        words = {
            "number": "a number",
            "integer": "a whole number",
            "boolean": "true or false",
            "text": _FORMS.get(self.form, "a text"),
            "texts": f"a list of texts, each {_FORMS.get(self.form, 'a text')}",
            "numbers": "a number, or a table of symbol = number",
        }[self.type]
        bounds = []
        if self.above is not None:
            bounds.append(f"above {self.above}")
        if self.least is not None:
            bounds.append(f"at least {self.least}")
        if self.most is not None:
            bounds.append(f"at most {self.most}")
        if bounds:
            words += " " + " and ".join(bounds)
        return words + (f", in {UNITS[self.unit]}" if self.unit else "")

    def check(self, value: Any) -> Any:  # Any: whatever TOML or the environment held
        """The value as settings carry it; raises `Refused`."""
        return _CHECKS[self.type](self, value)


def shown(value: Any) -> str:  # Any: whatever TOML held
    """A refused value for an error message, short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'the text "{value[:57]}..."' if len(value) > 60 else f'the text "{value}"'
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return str(value)[:60]


_FORMS: Final = {
    "symbol": 'a symbol such as "BTC/USD"',
    "url_http": 'an address such as "https://api.kraken.com"',
    "url_ws": 'an address such as "wss://ws.kraken.com/v2"',
    "path": "a path",
    "module": 'a package that can be imported, such as "my_venues.acme"',
    "name": "a name of letters, digits, - and _",
}


def _number(rule: Rule, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise Refused(rule.expected(), shown(value))
    try:
        number = Decimal(value)
    except InvalidOperation:
        unit = (
            "write the bare number; the unit is in the name" if isinstance(value, str) and value[:1].isdigit() else ""
        )
        raise Refused(rule.expected(), shown(value), unit) from None
    if not number.is_finite():
        raise Refused(rule.expected(), shown(value))
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -PLACES_MAX or number.adjusted() > PLACES_MAX:
        raise Refused(rule.expected(), shown(value), f"at most {PLACES_MAX} digits on either side of the point")
    _bounds(rule, number)
    return number


def _integer(rule: Rule, value: Any) -> int:
    if isinstance(value, str) and value.strip().lstrip("-").isascii() and value.strip().lstrip("-").isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(rule.expected(), shown(value))
    _bounds(rule, Decimal(value))
    return value


def _bounds(rule: Rule, number: Decimal) -> None:
    low = (rule.above is not None and number <= rule.above) or (rule.least is not None and number < rule.least)
    if low:
        raise Refused(rule.expected(), str(number), rule.help_low if number > 0 else "")
    if rule.most is not None and number > rule.most:
        raise Refused(rule.expected(), str(number), rule.help_high)


def _boolean(rule: Rule, value: Any) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise Refused(rule.expected(), shown(value))
    return value


def _choice(rule: Rule, value: Any) -> str:
    if not isinstance(value, str) or value not in rule.choices:
        raise Refused(rule.expected(), shown(value), nearest(value, rule.choices) if isinstance(value, str) else "")
    return value


def _text(rule: Rule, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refused(rule.expected(), shown(value))
    if not value.isprintable():
        raise Refused(rule.expected(), "a text with control characters")
    if rule.form == "symbol":
        # "BTC/USD", and of a contract "BTC/USDT:USDT": what it is settled in follows.
        base, slash, rest = value.partition("/")
        quote, colon, settle = rest.partition(":")
        words = (base, quote, settle) if colon else (base, quote)
        if not (slash and all(word.isalnum() for word in words) and value.isascii() and value == value.upper()):
            like = f'did you mean "{value.upper().replace("-", "/")}"?' if "/" in value or "-" in value else ""
            raise Refused(rule.expected(), shown(value), like)
    elif rule.form == "name":
        if not value.replace("-", "").replace("_", "").isalnum() or not value.isascii():
            raise Refused(rule.expected(), shown(value))
    elif rule.form == "module":
        if not all(part.isidentifier() for part in value.split(".")):
            raise Refused(rule.expected(), shown(value))
    elif rule.form in ("url_http", "url_ws"):
        _url(rule, value)
    return value


def _url(rule: Rule, value: str) -> None:
    from urllib.parse import urlsplit

    schemes = ("http", "https") if rule.form == "url_http" else ("ws", "wss")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Refused(rule.expected(), "a text that is no address") from None
    if parts.username or parts.password or parts.query:
        raise Refused(rule.expected(), "an address with a user, password or query (not shown)", "keys never go here")
    if parts.scheme not in schemes or not host:
        raise Refused(rule.expected(), shown(value), f"it starts with {schemes[0]}:// or {schemes[1]}://")
    if parts.scheme in ("http", "ws") and host not in ("127.0.0.1", "localhost", "::1"):
        raise Refused(rule.expected(), shown(value), f"only {schemes[1]}:// may leave this machine")


def _texts(rule: Rule, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list):
        raise Refused(rule.expected(), shown(value))
    texts = tuple(_text(rule, item) for item in value)
    if len(set(texts)) != len(texts):
        raise Refused(rule.expected(), "the same text twice")
    return texts


def _numbers(rule: Rule, value: Any) -> Any:
    if isinstance(value, dict):
        symbol_rule = Rule("text", form="symbol")
        return {symbol_rule.check(symbol): _number(rule, number) for symbol, number in value.items()}
    return _number(rule, value)


_CHECKS: Final = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "choice": _choice,
    "text": _text,
    "texts": _texts,
    "numbers": _numbers,
}


def nearest(name: str, names: tuple[str, ...]) -> str:
    """A question naming the most alike of `names`, or empty."""
    from difflib import get_close_matches

    found = get_close_matches(name, names, n=1, cutoff=0.6)
    return f'did you mean "{found[0]}"?' if found else ""


def rule_of(field: dataclasses.Field[Any]) -> Rule:
    """The rule that a field of a settings class carries."""
    rule = field.metadata.get("rule")
    if not isinstance(rule, Rule):
        raise TypeError(f"{field.name}: a settings field is made by number(), integer(), boolean(), text(), ...")
    return rule


# The makers of fields. They return Any, as dataclasses.field does, so that annotated fields type-check.


def _field(rule: Rule, default: Any) -> Any:
    metadata = {"rule": rule}
    return (
        dataclasses.field(metadata=metadata)
        if default is MISSING
        else dataclasses.field(default=default, metadata=metadata)
    )


def _decimal(bound: str | int | None) -> Decimal | None:
    return None if bound is None else Decimal(bound)


def number(
    unit: str = "",
    *,
    default: Any = MISSING,  # Any: Decimal text, None or MISSING
    above: str | int | None = None,
    least: str | int | None = None,
    most: str | int,
    help_low: str = "",
    help_high: str = "",
) -> Any:
    """A field holding a Decimal exactly as written; bounds are decimal text."""
    rule = Rule("number", unit, _decimal(above), _decimal(least), _decimal(most), (), "", help_low, help_high)
    return _field(rule, Decimal(default) if isinstance(default, str | int) else default)


def integer(unit: str = "", *, default: Any = MISSING, least: int, most: int, help_low: str = "") -> Any:
    """A field holding an int within bounds."""
    return _field(Rule("integer", unit, None, Decimal(least), Decimal(most), help_low=help_low), default)


def boolean(*, default: Any = MISSING) -> Any:
    """A field holding a bool."""
    return _field(Rule("boolean"), default)


def choice(*choices: str, default: Any = MISSING) -> Any:
    """A field holding one of `choices`."""
    return _field(Rule("choice", choices=choices), default)


def text(form: str = "", *, default: Any = MISSING) -> Any:
    """A field holding a non-empty text of a form: "symbol", "name", "module", "path", "url_http", "url_ws" or any."""
    return _field(Rule("text", form=form), default)


def texts(form: str = "", *, default: Any = MISSING) -> Any:
    """A field holding a tuple of texts of a form."""
    return _field(Rule("texts", form=form), default)


def numbers(unit: str = "", *, default: Any = MISSING, above: str | int | None = None, most: str | int) -> Any:
    """A field holding one Decimal, or a dict of symbol to Decimal."""
    return _field(Rule("numbers", unit, _decimal(above), None, _decimal(most)), default)
