"""Kraken's three names for one market, and the assets they are made of.

REST ids concatenate the asset codes (`XXBTZUSD`) where both assets are of the old kind with a class letter, and the
altnames otherwise (`SOLUSD`); WebSocket v2 says BTC and DOGE where REST says XBT and XDG.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Asset:
    """One currency: `name` on WebSocket v2, `code` as key of REST results, `altname` in REST pair names."""

    name: str
    code: str
    altname: str
    decimals: int
    display_decimals: int


ASSETS: Final[dict[str, Asset]] = {
    asset.name: asset
    for asset in (
        Asset("BTC", "XXBT", "XBT", 10, 5),
        Asset("ETH", "XETH", "ETH", 10, 5),
        Asset("DOGE", "XXDG", "XDG", 8, 2),
        Asset("USD", "ZUSD", "USD", 4, 2),
        Asset("EUR", "ZEUR", "EUR", 4, 2),
        Asset("USDT", "USDT", "USDT", 8, 4),
        Asset("USDC", "USDC", "USDC", 8, 4),
        Asset("SOL", "SOL", "SOL", 10, 5),
    )
}


GIVEN_IDS: Final = {"USDT/USD": "USDTZUSD"}
"""Ids that follow from no rule: one code with a class letter, one without."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One market under all its names."""

    symbol: str
    base: Asset
    quote: Asset

    @property
    def altname(self) -> str:
        return self.base.altname + self.quote.altname

    @property
    def rest_id(self) -> str:
        if self.symbol in GIVEN_IDS:
            return GIVEN_IDS[self.symbol]
        old = self.base.code != self.base.altname and self.quote.code != self.quote.altname
        return self.base.code + self.quote.code if old else self.altname

    @property
    def wsname(self) -> str:
        return f"{self.base.altname}/{self.quote.altname}"


class Names:
    """Finds a pair by any of the names a REST request may use."""

    def __init__(self, symbols: list[str]) -> None:
        self.pairs: dict[str, Pair] = {}
        self._by_name: dict[str, Pair] = {}
        self.gone: set[str] = set()
        """Symbols that are not listed any more: no request may name them."""
        for symbol in symbols:
            base, _, quote = symbol.partition("/")
            pair = Pair(symbol, asset(base), asset(quote))
            self.pairs[symbol] = pair
            for name in (symbol, pair.rest_id, pair.altname, pair.wsname):
                self._by_name[name] = pair

    def find(self, name: str) -> Pair | None:
        """The pair called so by REST (id, altname, wsname or the v2 symbol)."""
        pair = self._by_name.get(name)
        return None if pair is None or pair.symbol in self.gone else pair

    def lists(self, symbol: str) -> bool:
        """Whether lists show a v2 symbol."""
        return symbol in self.pairs and symbol not in self.gone

    def listed(self) -> list[Pair]:
        """Every pair that lists show."""
        return [pair for symbol, pair in self.pairs.items() if symbol not in self.gone]


def asset(name: str) -> Asset:
    """The asset of a v2 name; an unlisted one has one name everywhere and eight decimals, as newer ones have."""
    known = ASSETS.get(name)
    return known if known is not None else Asset(name, name, name, 8, 4)
