"""One profit over all venues, in dollars, in six terms that are each summed from events of their own.

With r(c) the dollars of one unit of currency c, M(m) the middle of market m's book (bid + ask) / 2, q(m) what is held
of its base asset and C(c) the cash held in a currency on all venues:

    account value     V = sum over c of r(c) x (C(c) + sum over its markets of q(m) x M(m))

    spread captured   each fill of a quote:   side x size x (M of its own market at the fill - price)
    hedge cost        each fill of a hedge:   side x size x (M of the hedge market at the fill - price)
    fees              each fill:              - fee; one paid in the base asset is worth M of the market
    funding           each settlement:        amount, received above zero
    inventory         each change of M:       q x (M now - M before)
    conversion        each change of r:       (C + sum of q x M) x (r now - r before)

Each is in a currency, times its r at that moment. A fill moves V by side x size x (M - price) - fee and by nothing
else, so the six add up to the change of V exactly, in whatever order things happen; nothing is rounded here and no
term is the rest of the others. Marks of M and r are taken at the events that book something, and once more when
somebody looks: between two of them q, C and r stand still, so that the steps in between add up to the same.

Hedge cost is what executing hedges costs: half the spread and the slippage, below zero when it is paid, above zero
when a passive hedge earned it. What the market does between a fill and its hedge is inventory, because until then the
unit is held. (The hedge ledger beside it tells the cost of a hedge against the middle at the quote's fill: waiting and
the difference between the venues are in that figure.) A long on one venue and a short on another cancel in inventory
but for their basis. Currency that was there before the run is part of C, so that a peg that slips is seen; base assets
that were there before are not the run's doing: `held` is what their price did, and no part of the profit. Deposits are
neither.

Before its first book a market is valued at its own last fill. A currency whose rate is not known has its terms kept in
it and valued at its first rate; until then it is named in `unvalued`.

Prices and rates are whole halves of 10^-18, amounts 10^-18, so that money is halves of 10^-36 of its currency and
quarters of 10^-54 dollars. Contracts count in units of their base asset; inverse ones are not taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from mm._core.accounts_core import CASH, AccountsCore, CurrencyAccount, MarketAccount
from mm.instruments import AMOUNT_PRECISION, Instrument
from mm.inventory.conversion import DIGITS, Markets, Rate

DOLLAR_DIGITS: Final = 56
"""Decimals of the terms as they are read: quarters of 10^-54 come out even."""
AMOUNT: Final = 10 ** (DIGITS - AMOUNT_PRECISION)
"""10^-12 of an asset as 10^-18."""
QUARTERS: Final = 25
"""A quarter of 10^-54 dollars in 10^-56."""

Key = tuple[str, str]
Amounts = Mapping[Key, int | Fraction]
Contracts = Mapping[Key, tuple[int, int | Fraction]]


@dataclass(frozen=True, slots=True)
class ProfitTerms:
    """The profit so far, in 10^-DOLLAR_DIGITS dollars.

    held: what the price of base assets from before the run did, not part of the total; unvalued: currencies without a
    rate, whose terms are missing.
    """

    spread: int
    inventory: int
    fees: int
    hedging: int
    funding: int
    conversion: int
    held: int = 0
    unvalued: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """The change of the account's value that is the run's doing."""
        return sum(self.parts())

    def parts(self) -> tuple[int, int, int, int, int, int]:
        """The six terms, in the order in which they are shown."""
        return self.spread, self.inventory, self.fees, self.hedging, self.funding, self.conversion


class Accounts(AccountsCore):
    """The profit of a run. markets: the engine's, for the middles of their books; rates: of each currency."""

    def __init__(self, markets: Markets, rates: Mapping[str, Rate]) -> None:
        super().__init__()
        self._books = markets
        self._rates = rates
        self._moved: dict[Key, int] = {}
        """(venue, asset) -> what the run did to it before its balances came, in halves of 10^-36."""
        self._opening: dict[Key, int] = {}
        """(venue, asset) -> what was there, with deposits, in 10^-12."""
        self._held: dict[Key, tuple[int, int]] = {}
        """(venue, base asset) -> amount of 10^-12 that has a price, and what it was worth when it came."""
        self._unpriced = False
        """Some of what was there before has no price yet."""
        self._sources: dict[str, str] = {}
        """What the state that was taken over says of each currency's source."""
        self._restating: set[str] = set()
        """Currencies that are still worth what another source said: that of an earlier start's settings."""
        self._restated = 0
        """What other sources of rates have made of the profit since `settle`, in quarters of 10^-54 dollars."""
        self.anchors = 0
        """How often a currency was anchored at the rate of a market, which nothing tells again after a kill."""

    # --- what happens -----------------------------------------------------------------------------------------------

    def add(self, key: Key, instrument: Instrument) -> None:
        """Take a symbol. Raises ValueError for sizes too fine to be accounted for exactly."""
        if instrument.linear and key not in self._markets:
            market = self._markets[key] = MarketAccount(instrument)
            self._currency(market.currency)
            self._unpriced = True

    def open(self, venue: str, balances: Mapping[str, int]) -> None:
        """Take what a venue's account holds, in 10^-12, once; less what the run has already done to it."""
        if venue in self.opened:
            return
        for asset in sorted({*balances, *(asset for place, asset in self._moved if place == venue)}):
            before = balances.get(asset, 0) - self._moved.get((venue, asset), 0) // CASH
            self.on_flow(venue, asset, before)
        self._moved = {key: money for key, money in self._moved.items() if key[0] != venue}
        self.opened.add(venue)

    def on_flow(self, venue: str, asset: str, amount: int) -> None:
        """Take a deposit (or a withdrawal, below zero) of 10^-12: no profit."""
        self._opening[venue, asset] = self._opening.get((venue, asset), 0) + amount
        if asset not in self._rates:
            self._unpriced = True
            return
        currency = self._currency(asset)
        self._mark(asset, currency)
        currency.cash += amount * CASH
        currency.opening += amount * CASH
        self.anchors += not currency.is_fixed

    def opening(self, venue: str, asset: str) -> int:
        """What was there before the run, with deposits, in 10^-12."""
        return self._opening.get((venue, asset), 0)

    def middle2(self, key: Key) -> int:
        """What a market is valued at, bid + ask in its ticks; 0 before its first fill or book."""
        market = self._markets.get(key)
        return self._middle2(key, market) // market.price_unit if market is not None else 0

    def on_funding(self, venue: str, asset: str, amount: int) -> None:
        """Take a settlement of funding, in 10^-12: above zero was received."""
        currency = self._currency(asset)
        self._mark(asset, currency)
        currency.cash += amount * CASH
        currency.funding += amount * CASH
        if venue not in self.opened:
            self._move(venue, asset, amount * CASH)

    def _other_fee(self, market: MarketAccount, currency: CurrencyAccount, fee: int, asset: str) -> None:
        """A fee in another asset than the market's currency."""
        if asset == market.instrument.base:
            market.amount -= fee * AMOUNT
            currency.fees -= fee * AMOUNT * market.mark2
            return
        for key, traded in self._markets.items():
            instrument = traded.instrument
            if (instrument.venue, instrument.base) == (market.instrument.venue, asset) and not instrument.is_contract:
                # The base asset of another market of the venue: worth what it is worth there.
                quoted = self._currency(traded.currency)
                self._mark(traded.currency, quoted)
                traded.mark(self._middle2(key, traded))
                traded.amount -= fee * AMOUNT
                quoted.fees -= fee * AMOUNT * traded.mark2
                return
        other = self._currency(asset)
        self._mark(asset, other)
        other.cash -= fee * CASH
        other.fees -= fee * CASH

    def _move(self, venue: str, asset: str, money: int) -> None:
        self._moved[venue, asset] = self._moved.get((venue, asset), 0) + money

    def _currency(self, name: str) -> CurrencyAccount:
        found = self._currencies.get(name)
        if found is None:
            found = self._currencies[name] = CurrencyAccount()
            rate = self._rates.get(name)
            if rate is not None and rate.fixed2:
                found.is_fixed = True
                found.rate2 = rate.fixed2
        return found

    def _mark(self, name: str, currency: CurrencyAccount) -> None:
        """Take the rate as it is now: what was in the currency until then is in dollars at the rate before."""
        rate2 = self._rate2(name)
        if self._unpriced:
            self._mark_held()
        if not rate2:
            return
        is_restated = name in self._restating
        self._restating.discard(name)
        if rate2 == currency.rate2:
            return
        self.anchors += not currency.rate2
        before2 = currency.rate2 or rate2
        whole = currency.cash
        usd = currency.usd
        for key, market in self._markets.items():
            if market.currency != name:
                continue
            market.mark(self._middle2(key, market))
            whole += market.amount * market.mark2
            if currency.rate2:
                usd[0] += market.spread * before2
                usd[1] += market.inventory * before2
                usd[3] += market.hedging * before2
                market.spread = market.hedging = market.inventory = 0
        if currency.rate2:
            usd[2] += currency.fees * before2
            usd[4] += currency.funding * before2
            usd[5] += whole * (rate2 - before2)
            self._restated += whole * (rate2 - before2) if is_restated else 0
            currency.opening_usd += currency.opening * before2
            currency.fees = currency.funding = currency.opening = 0
        currency.rate2 = rate2

    def _mark_held(self) -> None:
        """Price what was there before as soon as there is a price."""
        self._unpriced = False
        for key, amount in self._opening.items():
            priced, worth = self._held.get(key, (0, 0))
            if key[1] not in self._rates and priced != amount:
                price = self._base_price(*key)
                if price is None:
                    # Nothing here trades it.
                    continue
                self._unpriced = self._unpriced or not price
                if price:
                    self._held[key] = (amount, worth + (amount - priced) * AMOUNT * price)

    # --- what it is now ---------------------------------------------------------------------------------------------

    def terms(self) -> ProfitTerms:
        """The profit at this moment; changes nothing."""
        sums = [0, 0, 0, 0, 0, 0]
        unvalued = []
        for name, currency in self._currencies.items():
            rate2 = self._rate2(name) or currency.rate2
            before2 = currency.rate2 or rate2
            native = [0, 0, currency.fees, 0, currency.funding]
            whole = currency.cash
            for key, market in self._markets.items():
                if market.currency != name:
                    continue
                middle2 = self._middle2(key, market)
                native[0] += market.spread
                native[1] += market.inventory + market.amount * (middle2 - market.mark2)
                native[3] += market.hedging
                whole += market.amount * middle2
            if not rate2 and (whole or any(native)):
                unvalued.append(name)
            for number, money in enumerate(native):
                sums[number] += currency.usd[number] + money * before2
            sums[5] += currency.usd[5] + whole * (rate2 - before2)
        held = 0
        for key, (amount, worth) in self._held.items():
            held += amount * AMOUNT * (self._base_price(*key) or 0) - worth
        spread, inventory, fees, hedging, funding, conversion = (each * QUARTERS for each in sums)
        return ProfitTerms(
            spread, inventory, fees, hedging, funding, conversion, held * QUARTERS, tuple(sorted(unvalued))
        )

    def restated(self) -> int:
        """By how much the profit has changed since `settle` because a currency is worth what another source says than
        at the start before, in 10^-DOLLAR_DIGITS dollars: nothing was earned or lost by that. 0 while the other source
        has not told."""
        restated = self._restated
        for name in self._restating:
            currency, rate2 = self._currencies[name], self._rate2(name)
            if rate2:
                markets = ((key, each) for key, each in self._markets.items() if each.currency == name)
                whole = currency.cash + sum(each.amount * self._middle2(key, each) for key, each in markets)
                restated += whole * (rate2 - currency.rate2)
        return restated * QUARTERS

    def settle(self, *, is_whole: bool) -> None:
        """Whoever counts from a profit before has counted `restated` in; is_whole: with every source's first word, even
        where that is not heard here."""
        for name in sorted(self._restating):
            self._mark(name, self._currencies[name])
        if is_whole:
            self._restating.clear()
        self._restated = 0

    def value_change(self, balances: Amounts, contracts: Contracts) -> Fraction:
        """What accounts are worth now beyond what was there before, in dollars, by what venues say they hold.

        balances: (venue, asset) -> 10^-12 of it, all of the run's venues (a venue that is left out has not changed);
        contracts: (venue, symbol) -> contracts held, signed, and what they cost in the settlement currency.
        """
        worth = Fraction(0)
        told = {venue for venue, _ in balances}
        assets = {*balances, *(key for key in self._opening if key[0] in told)}
        for venue, asset in sorted(assets):
            change = (balances.get((venue, asset), 0) - self._opening.get((venue, asset), 0)) * AMOUNT
            own = 0
            for key, market in self._markets.items():
                instrument = market.instrument
                if (instrument.venue, instrument.base) == (venue, asset) and not instrument.is_contract:
                    own += market.amount
                    worth += market.amount * self._price(key, market)
            if asset in self._rates:
                # What was there is revalued too: it is part of the conversion.
                change += self._opening.get((venue, asset), 0) * AMOUNT
                worth += (change - own) * 2 * 10**DIGITS * self._rate_now(asset)
            else:
                worth += (change - own) * (self._base_price(venue, asset) or 0)
        for key, (size, cost) in sorted(contracts.items()):
            market = self._markets[key]
            worth += size * market.unit * self._price(key, market)
            worth -= cost * 2 * 10 ** (2 * DIGITS) * self._rate_now(market.currency)
        for name, currency in self._currencies.items():
            rate2 = currency.rate2 or self._rate2(name)
            worth -= currency.opening_usd + currency.opening * rate2
        return worth / int(4 * 10 ** (3 * DIGITS))

    def residual(self, balances: Amounts, contracts: Contracts | None = None) -> Fraction:
        """What venues say the accounts have become worth, less the six terms, in dollars: 0 when all is told."""
        return self.value_change(balances, contracts or {}) - Fraction(self.terms().total, 10**DOLLAR_DIGITS)

    def sources(self) -> tuple[str, ...]:
        """Where the rates of the currencies that were met come from, in words."""
        return tuple(self._rates[name].source() for name in sorted(self._currencies) if name in self._rates)

    def _rate2(self, name: str) -> int:
        rate = self._rates.get(name)
        return rate.rate2(self._books) if rate is not None else 0

    def _source(self, name: str) -> str:
        """Where the settings say that a rate comes from."""
        rate = self._rates.get(name)
        if rate is None:
            return ""
        return str(rate.fixed2) if rate.fixed2 else " ".join(rate.market)

    def _rate_now(self, name: str) -> int:
        currency = self._currencies.get(name)
        return self._rate2(name) or (currency.rate2 if currency is not None else 0)

    def _middle2(self, key: Key, market: MarketAccount) -> int:
        """Where a market stands now, else where it was marked."""
        book = self._books.get(key)
        return (book.middle2 * market.price_unit if book is not None else 0) or market.mark2

    def _price(self, key: Key, market: MarketAccount) -> int:
        return self._middle2(key, market) * self._rate_now(market.currency)

    def _base_price(self, venue: str, asset: str) -> int | None:
        """By the first market of it on its venue, 0 while that has none; None without a market."""
        for key, market in self._markets.items():
            instrument = market.instrument
            if (instrument.venue, instrument.base) == (venue, asset) and not instrument.is_contract:
                return self._price(key, market)
        return None

    # --- over a restart -----------------------------------------------------------------------------------------------

    def durable(self) -> dict[str, Any]:
        """What is held and what was paid, whatever it was worth: follows from fills, fees, funding and flows alone."""
        return {
            "markets": [[*key, market.amount] for key, market in sorted(self._markets.items())],
            "cash": {name: currency.cash for name, currency in sorted(self._currencies.items())},
            "moved": [[*key, money] for key, money in sorted(self._moved.items())],
            "opening": [[*key, amount] for key, amount in sorted(self._opening.items())],
            "opened": sorted(self.opened),
        }

    def marks(self) -> dict[str, Any]:
        """What all of it was marked at last, and the terms until then."""
        return {
            "markets": [
                [*key, market.mark2, market.spread, market.hedging, market.inventory]
                for key, market in sorted(self._markets.items())
            ],
            "currencies": {
                name: [each.fees, each.funding, each.opening, each.opening_usd, each.rate2, each.usd]
                for name, each in sorted(self._currencies.items())
            },
            # Of another start's settings, where their sources have not told yet.
            "sources": {
                name: self._sources.get(name) if name in self._restating else self._source(name)
                for name in sorted(self._currencies)
            },
            "held": [[*key, amount, worth] for key, (amount, worth) in sorted(self._held.items())],
        }

    def restore(self, durable: Mapping[str, Any], marks: Mapping[str, Any]) -> None:
        """Take back what `durable` and `marks` gave, with the same markets."""
        for venue, symbol, amount in durable["markets"]:
            self._markets[venue, symbol].amount = amount
        for name, cash in durable["cash"].items():
            self._currency(name).cash = cash
        self._moved = {(venue, asset): money for venue, asset, money in durable["moved"]}
        self._opening = {(venue, asset): amount for venue, asset, amount in durable["opening"]}
        self.opened = set(durable["opened"])
        for venue, symbol, mark2, spread, hedging, inventory in marks["markets"]:
            market = self._markets[venue, symbol]
            market.mark2, market.spread, market.hedging, market.inventory = mark2, spread, hedging, inventory
        self._held = {(venue, asset): (amount, worth) for venue, asset, amount, worth in marks["held"]}
        for name, (fees, funding, opening, opening_usd, rate2, usd) in marks["currencies"].items():
            currency = self._currency(name)
            currency.fees, currency.funding, currency.opening = fees, funding, opening
            currency.opening_usd, currency.usd = opening_usd, list(usd)
            source = self._source(name)
            self._sources[name] = before = marks.get("sources", {}).get(name, source)
            if rate2 and (before != source or (currency.is_fixed and rate2 != currency.rate2)):
                self._restating.add(name)
            if rate2 and rate2 != currency.rate2:
                # A rate that is stated now and was another is a step from that one, as any change is.
                stated2, currency.rate2 = currency.rate2, rate2
                if stated2:
                    self._mark(name, currency)
        self._unpriced = True

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        return (
            [(key, market.facts()) for key, market in sorted(self._markets.items())],
            [(name, currency.facts()) for name, currency in sorted(self._currencies.items())],
            sorted(self._moved.items()),
            sorted(self._opening.items()),
            sorted(self._held.items()),
            sorted(self.opened),
            sorted(self._restating),
            self._restated,
        )
