"""The slow twin of `mm.inventory.accounts`: balances, prices and terms in Fractions of whole units, straight from their
definitions."""

from __future__ import annotations

from fractions import Fraction


class ReferenceAccounts:
    """markets: name -> (venue, base, currency, is a contract); rates: currency -> Fraction, None unknown."""

    def __init__(self, markets, rates):
        self.markets, self.rates = markets, dict(rates)
        self.middles = dict.fromkeys(markets)
        self.held = dict.fromkeys(markets, Fraction(0))
        self.contracts = {name: [Fraction(0), Fraction(0)] for name, facts in markets.items() if facts[3]}
        """Quantity and cost of what is held, as a venue books them: profit goes to the wallet when it is closed."""
        self.balances: dict[tuple[str, str], Fraction] = {}
        self.terms = dict.fromkeys(("spread", "inventory", "fees", "hedging", "funding", "conversion"), Fraction(0))
        self.cash = dict.fromkeys(rates, Fraction(0))
        self.opening: dict[tuple[str, str], Fraction] = {}
        self.opening_worth = Fraction(0)
        self.marks = dict.fromkeys(markets)
        self.marked_rates = {name: rate for name, rate in self.rates.items() if name == "USD"}
        self.pending: dict[str, list] = {}

    def mark(self, currency):
        """Prices first, at the rate before; then the rate, with all that is in the currency."""
        rate = self.rates.get(currency)
        before = self.marked_rates.get(currency)
        if rate is None or rate == before:
            return
        for name, facts in self.markets.items():
            if facts[2] == currency:
                self.mark_market(name)
        if before is None:
            for term, amount in self.pending.pop(currency, ()):
                self.add(term, amount * rate)
        else:
            whole = self.cash[currency] + sum(
                self.held[name] * self.marks[name]
                for name, facts in self.markets.items()
                if facts[2] == currency and self.marks[name] is not None
            )
            self.add("conversion", whole * (rate - before))
        self.marked_rates[currency] = rate

    def mark_market(self, name):
        middle, before = self.middles[name], self.marks[name]
        if middle is None or middle == before:
            return
        if before is not None:
            self.book("inventory", self.markets[name][2], self.held[name] * (middle - before))
        self.marks[name] = middle

    def book(self, term, currency, amount):
        rate = self.marked_rates.get(currency)
        if rate is None:
            self.pending.setdefault(currency, []).append((term, amount))
        else:
            self.add(term, amount * rate)

    def add(self, term, dollars):
        if term == "opening":
            self.opening_worth += dollars
        else:
            self.terms[term] += dollars

    def balance(self, venue, asset, change):
        self.balances[venue, asset] = self.balances.get((venue, asset), Fraction(0)) + change

    # --- what happens ---

    def flow(self, venue, asset, amount):
        self.balance(venue, asset, amount)
        self.opening[venue, asset] = self.opening.get((venue, asset), Fraction(0)) + amount
        if asset in self.cash:
            self.mark(asset)
            self.cash[asset] += amount
            self.book("opening", asset, amount)

    def fill(self, name, side, price, size, fee, asset, is_hedge):
        venue, base, currency, is_contract = self.markets[name]
        self.mark(currency)
        self.mark_market(name)
        if self.marks[name] is None:
            self.marks[name] = price
        self.book("hedging" if is_hedge else "spread", currency, side * size * (self.marks[name] - price))
        self.held[name] += side * size
        self.cash[currency] -= side * size * price
        if is_contract:
            self.trade_contract(name, side, price, size)
        else:
            self.balance(venue, base, side * size)
            self.balance(venue, currency, -side * size * price)
        self.balance(venue, asset, -fee)
        if asset == currency:
            self.cash[currency] -= fee
            self.book("fees", currency, -fee)
        elif asset == base:
            self.held[name] -= fee
            self.book("fees", currency, -fee * self.marks[name])
        else:
            self.mark(asset)
            self.cash[asset] -= fee
            self.book("fees", asset, -fee)

    def trade_contract(self, name, side, price, size):
        held, cost = self.contracts[name]
        if held * side < 0:
            closed = min(size, abs(held))
            part = cost * closed / abs(held)
            self.balance(self.markets[name][0], self.markets[name][2], -side * closed * price - part)
            held, cost, size = held + side * closed, cost - part, size - closed
        self.contracts[name] = [held + side * size, cost + side * size * price]

    def funding(self, venue, asset, amount):
        self.mark(asset)
        self.balance(venue, asset, amount)
        self.cash[asset] += amount
        self.book("funding", asset, amount)

    # --- what it is now ---

    def look(self):
        """The terms as of now: marks are taken, which changes no sum."""
        for currency in self.cash:
            self.mark(currency)
            for name, facts in self.markets.items():
                if facts[2] == currency:
                    self.mark_market(name)
        return dict(self.terms)

    def gained(self):
        """What the accounts are worth beyond what was there before, by the balances."""
        worth = -self.opening_worth
        for (venue, asset), amount in self.balances.items():
            rate = self.rates.get(asset)
            if rate is not None:
                worth += amount * rate
                continue
            for name, (place, base, currency, is_contract) in self.markets.items():
                if (place, base) == (venue, asset) and not is_contract and self.marks[name] is not None:
                    change = amount - self.opening.get((venue, asset), 0)
                    worth += change * self.marks[name] * (self.rates[currency] or 0)
        for name, (held, cost) in self.contracts.items():
            if held:
                worth += (held * self.marks[name] - cost) * (self.rates[self.markets[name][2]] or 0)
        return worth
