"""What one asset's exposure is over the markets that trade it. The one place where a strategy counts it."""

from __future__ import annotations

from collections.abc import Iterable

from mm.instruments import AMOUNT_PRECISION, Instrument


def net_base_e12(holdings: Iterable[tuple[Instrument, int]]) -> int:
    """Return the net position of (instrument, size) pairs of one base asset, in 10^-12 of it."""
    return sum(
        instrument.base_units(size) * int(10**AMOUNT_PRECISION) // int(10**instrument.base_precision)
        for instrument, size in holdings
    )


def lots_of_base_e12(instrument: Instrument, amount: int) -> int:
    """Return an amount in 10^-12 of the base asset, zero or more, as a size in whole lots, rounded up."""
    lot = instrument.base_units(instrument.lot) * int(10**AMOUNT_PRECISION)
    return -(-amount * int(10**instrument.base_precision) // lot) * instrument.lot


def size_in(instrument: Instrument, size: int, other: Instrument) -> int:
    """Return a size of one instrument as a size of another of the same base asset in whole lots, rounded up."""
    lot = other.base_units(other.lot) * int(10**instrument.base_precision)
    return -(-instrument.base_units(size) * int(10**other.base_precision) // lot) * other.lot
