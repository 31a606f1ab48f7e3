"""`mm pnl`: what the fills, fees and settlements of each market add up to, exactly; and the parts of the profit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from mm._core.positions import Position
from mm.instruments import Instrument
from mm.inventory.accounts import DOLLAR_DIGITS
from mm.screen.amounts import shown_parts
from mm.store.amounts import EXACT, ZERO, added, less, text_of, times, units_text
from mm.store.reading import Filter, Store
from mm.store.tables import FILLS, Row
from mm.store.text_table import Column, clock, day_of, lines, number

PARTS: Final = ("spread", "inventory", "fees", "hedging", "funding", "conversion")
PART_TITLES: Final = ("spread captured", "inventory", "fees", "hedge cost", "funding", "conversion")


class MarketResult:
    """What happened in one market. Amounts are exact texts, in base or in the currency that it settles in."""

    def __init__(self, venue: str, symbol: str, instrument: Instrument) -> None:
        self.venue, self.symbol = venue, symbol
        self.currency = instrument.settle or instrument.quote
        self.base = instrument.base
        self.fills = 0
        self.bought = self.sold = self.cash = self.funding = ZERO
        self.hedged_cash = ZERO
        self.fees: dict[str, str] = {}
        self.price = ZERO
        self._instrument = instrument
        self._position = Position(venue, symbol, instrument.price_precision, instrument.size_precision)

    def fill(self, row: Row) -> None:
        """Take a fill."""
        instrument, side = self._instrument, int(row["side"])
        self.fills += 1
        name = "bought" if side > 0 else "sold"
        setattr(self, name, added(getattr(self, name), row["amount"]))
        self.cash = less(self.cash, times(row["cost"], side))
        self.fees[row["fee_asset"]] = added(self.fees.get(row["fee_asset"], ZERO), row["fee"])
        self.price = row["price"]
        price = int(Decimal(row["price"]).scaleb(instrument.price_precision))
        size = int(Decimal(row["size"]).scaleb(instrument.size_precision))
        self._position.apply_fill(side, price, size)

    @property
    def position(self) -> str:
        """What the fills add up to, in base units: of all of them what is held."""
        return less(self.bought, self.sold)

    @property
    def realized(self) -> str:
        """Of what was closed, at the average price of what was opened."""
        return units_text(self._instrument.money(self._position.realized), self._instrument.cost_precision)

    @property
    def total(self) -> str:
        """Before fees and funding, with the position at the last price."""
        return added(self.cash, times(self.position, self.price))

    def facts(self) -> dict[str, Any]:
        """All of it for `--json`."""
        names = ("venue", "symbol", "base", "currency", "fills", "bought", "sold", "position", "cash", "price")
        found = {name: getattr(self, name) for name in names}
        # `position` of some of the fills is what scripts go by; it is no position.
        found |= {
            "change": self.position,
            "realized": self.realized,
            "open": less(self.total, self.realized),
            "total": self.total,
        }
        return found | {"fees": self.fees, "funding": self.funding, "net": self.net()}

    def net(self) -> str:
        """With fees and funding that are in its currency."""
        return added(less(self.total, self.fees.get(self.currency, ZERO)), self.funding)


def results(store: Store, wanted: Filter) -> list[MarketResult]:
    """One for each market with a fill or a settlement; with `last`, settlements from the oldest of those fills on."""
    instruments = store.instruments()
    found: dict[tuple[str, str], MarketResult] = {}

    def of(row: Row) -> MarketResult:
        key = (row["venue"], row["symbol"])
        if key not in found:
            found[key] = MarketResult(*key, instruments[key])
        return found[key]

    fills = store.newest("fills", set(FILLS.columns), "venue_ns", wanted)
    for row in fills:
        if row["is_own"] or ":" in row["symbol"]:
            of(row).fill(row)
    if fills and len(fills) == wanted.last:
        wanted = replace(wanted, since_ns=min(row["venue_ns"] for row in fills))
    if not wanted.strategy:
        where, values = wanted.clause({"venue", "symbol"}, "venue_ns")
        for row in store.database.rows("funding", f"{where} ORDER BY epoch, record", values):
            if (row["venue"], row["symbol"]) in instruments:
                result = of(row)
                result.funding = added(result.funding, row["amount"])
    return [found[key] for key in sorted(found)]


def parts(store: Store) -> Row | None:
    """The six terms up to the last run whose recording was read, in dollars; None without one."""
    found = store.database.rows("profits", "ORDER BY epoch DESC, minute DESC LIMIT 1")
    return found[0] if found else None


def table(found: list[MarketResult], terms: Row | None, width: int = 0, *, is_part: bool = False) -> list[str]:
    """The results for people. is_part: of some of the fills."""
    columns = [
        Column("venue", values=[each.venue for each in found]),
        Column("symbol", values=[each.symbol for each in found]),
        Column("fills", is_number=True, rank=1, values=[str(each.fills) for each in found]),
        Column("change" if is_part else "position", is_number=True, values=[number(each.position) for each in found]),
        Column("realized", is_number=True, values=[number(each.realized, places=2, sign=True) for each in found]),
        Column(
            "open",
            is_number=True,
            values=[number(less(each.total, each.realized), places=2, sign=True) for each in found],
        ),
        Column("fees", is_number=True, values=[number(_negative(each), places=2, sign=True) for each in found]),
        Column("funding", is_number=True, values=[number(each.funding, places=2, sign=True) for each in found]),
        Column("net", is_number=True, values=[number(each.net(), places=2, sign=True) for each in found]),
        Column("in", values=[each.currency for each in found]),
    ]
    shown = lines(columns, width)
    sums: dict[str, str] = {}
    for each in found:
        sums[each.currency] = added(sums.get(each.currency, ZERO), each.net())
    shown += [f"net in {currency}: {number(total, places=2, sign=True)}" for currency, total in sorted(sums.items())]
    for each in found:
        for asset, fee in sorted(each.fees.items()):
            if asset != each.currency and Decimal(fee):
                shown.append(f"fees in {asset} on {each.venue}, in no sum above: {number(fee)}")
    if terms is not None:
        shown += _parts_lines(terms)
    return shown


def _negative(each: MarketResult) -> str:
    return times(each.fees.get(each.currency, ZERO), -1)


def _parts_lines(terms: Row) -> list[str]:
    # Rounded so that they add up as they are shown, as on the run's own screen.
    units = [int(Decimal(terms[name]).scaleb(DOLLAR_DIGITS, EXACT)) for name in PARTS]
    total, shown = shown_parts(units, DOLLAR_DIGITS)
    day = day_of(terms["at_ns"])
    said = [f"all runs over all venues until {day} {clock(terms['at_ns'], day)}, in dollars: {_cents(total)}"]
    said += [f"  {title:<16}{_cents(cents):>12}" for title, cents in zip(PART_TITLES, shown, strict=True)]
    if terms["unvalued"]:
        said.append(f"  without {terms['unvalued']}, whose rate is not known")
    return said


def _cents(cents: int) -> str:
    return number(units_text(cents, 2), places=2, sign=True)


def facts(found: list[MarketResult], terms: Row | None) -> dict[str, Any]:
    """The results for `--json`."""
    value: dict[str, Any] = {"markets": [each.facts() for each in found]}
    if terms is not None:
        value["parts"] = {name: text_of(Decimal(terms[name])) for name in PARTS} | {
            "epoch": terms["epoch"],
            "at_ns": terms["at_ns"],
        }
    return value
