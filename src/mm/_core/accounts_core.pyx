# cython: nonecheck=True
"""What a fill does to the profit over all venues; `mm.inventory.accounts` says what the terms are and has the rest."""

from cython cimport final
from libc.stdint cimport int64_t

# Prices and rates are whole halves of 10^-18, amounts 10^-18.
DIGITS = 18
AMOUNT_PRECISION = 12
# 10^-12 of a currency as halves of 10^-36.
CASH = 2 * 10 ** (2 * DIGITS - AMOUNT_PRECISION)

cdef object _CASH = CASH
cdef object _BASE = 2 * 10**DIGITS


@final
cdef class MarketAccount:
    """One symbol: what is held, where it was marked, its terms in its currency since the rate last changed.

    unit: one unit of size in 10^-18 of the base asset; price_unit: half a unit of price.
    """

    def __init__(self, instrument):
        decimals = instrument.base_precision
        if decimals > DIGITS:
            raise ValueError(f"{instrument.symbol}: sizes finer than 10^-{DIGITS} cannot be accounted for exactly")
        self.instrument = instrument
        self.currency = instrument.settle if instrument.is_contract else instrument.quote
        self.unit = 10 ** (DIGITS - decimals) * instrument.multiplier
        self.price_unit = 10 ** (DIGITS - instrument.price_precision)
        self.amount = self.mark2 = 0
        self.spread = self.hedging = self.inventory = 0

    cpdef mark(self, object middle2):
        """Value what is held at another price."""
        if middle2 and middle2 != self.mark2:
            self.inventory += self.amount * (middle2 - self.mark2)
            self.mark2 = middle2

    def facts(self):
        """What a replay must agree on."""
        return self.amount, self.mark2, self.spread, self.hedging, self.inventory


@final
cdef class CurrencyAccount:
    """One currency over all venues; terms in it since the last change of its rate, and in dollars before that.

    rate2: where it was marked, 0 not yet; usd: spread, inventory, fees, hedging, funding, conversion.
    """

    def __init__(self):
        self.cash = self.fees = self.funding = self.opening = 0
        self.opening_usd = self.rate2 = 0
        self.usd = [0, 0, 0, 0, 0, 0]

    def facts(self):
        """What a replay must agree on."""
        return self.cash, self.fees, self.funding, self.opening, self.opening_usd, self.rate2, tuple(self.usd)


cdef class AccountsCore:
    """opened: venues whose balances are known."""

    def __init__(self):
        self._markets = {}
        self._currencies = {}
        self.opened = set()

    cpdef on_fill(
        self, tuple key, int side, int64_t price, int64_t size, object middle2, object fee, str fee_asset,
        bint is_hedge
    ):
        """Take a booked fill. price, size, middle2: in the instrument's units; fee in 10^-12, positive is paid."""
        cdef MarketAccount market = self._markets.get(key)
        cdef CurrencyAccount currency
        if market is None:
            # An inverse contract, which nothing is sent to.
            return
        currency = self._currencies[market.currency]
        if not currency.is_fixed or self._unpriced:
            self._mark(market.currency, currency)
        price2 = 2 * <object>price * market.price_unit
        if middle2:
            market.mark(middle2 * market.price_unit)
        elif not market.mark2:
            market.mark2 = price2
        amount = size * market.unit
        if side < 0:
            amount = -amount
        cost = amount * price2
        captured = amount * market.mark2 - cost
        if is_hedge:
            market.hedging += captured
        else:
            market.spread += captured
        market.amount += amount
        currency.cash -= cost
        if fee:
            if fee_asset == market.currency:
                money = fee * _CASH
                currency.cash -= money
                currency.fees -= money
            else:
                self._other_fee(market, currency, fee, fee_asset)
        if key[0] not in self.opened:
            instrument = market.instrument
            if not instrument.is_contract:
                self._move(key[0], instrument.quote, -cost)
                self._move(key[0], instrument.base, amount * _BASE)
            self._move(key[0], fee_asset, -fee * _CASH)
