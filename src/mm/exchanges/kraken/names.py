"""Kraken's three naming schemes for assets and markets, and the way between them.

WebSocket v2 says `BTC/USD`, which is the unified symbol. REST says `XBTUSD` in requests and order descriptions and
`XXBTZUSD` as the key of results; newer assets have no class letter (`SOLUSD`), and a result may echo the form that was
asked for. Letters are never stripped by rule: the old codes are a closed list. (Kraken reference: naming schemes.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

# Codes of the first years; no asset listed since has a class letter. `Assets` and `AssetPairs` replies add to these.
ASSETS: Final[Mapping[str, str]] = {
    "XXBT": "BTC",
    "XBT": "BTC",
    "XXDG": "DOGE",
    "XDG": "DOGE",
    "XETC": "ETC",
    "XETH": "ETH",
    "XLTC": "LTC",
    "XMLN": "MLN",
    "XREP": "REP",
    "XXLM": "XLM",
    "XXMR": "XMR",
    "XXRP": "XRP",
    "XZEC": "ZEC",
    "ZAUD": "AUD",
    "ZCAD": "CAD",
    "ZEUR": "EUR",
    "ZGBP": "GBP",
    "ZJPY": "JPY",
    "ZUSD": "USD",
}
_ALTNAMES: Final = {"BTC": "XBT", "DOGE": "XDG"}
_CODES: Final = {asset: code for code, asset in ASSETS.items() if len(code) == 4}


def asset_of(code: str, learned: Mapping[str, str] | None = None) -> str:
    """Return the unified name of a REST asset code."""
    return (learned or {}).get(code) or ASSETS.get(code, code)


def altname(asset: str) -> str:
    """Return what REST calls an asset in requests."""
    return _ALTNAMES.get(asset, asset)


def pair_altname(symbol: str) -> str:
    """Return a symbol's name in REST requests: `XBTUSD`."""
    base, _, quote = symbol.partition("/")
    return altname(base) + altname(quote)


def pair_forms(symbol: str) -> frozenset[str]:
    """Return every form in which REST may name a symbol."""
    base, _, quote = symbol.partition("/")
    bases = {base, altname(base), _CODES.get(base, base)}
    quotes = {quote, altname(quote), _CODES.get(quote, quote)}
    joined = {left + right for left in bases for right in quotes}
    return frozenset(joined | {f"{left}/{right}" for left in bases for right in quotes})


class PairNames:
    """Finds the symbol that a REST name means among the symbols that are known."""

    __slots__ = ("_by_name",)

    def __init__(self) -> None:
        self._by_name: dict[str, str] = {}

    def learn(self, symbols: Iterable[str]) -> None:
        """Take symbols into the index. A form that two of them share means neither."""
        for symbol in symbols:
            for form in pair_forms(symbol):
                if self._by_name.setdefault(form, symbol) != symbol:
                    self._by_name[form] = ""

    def learn_name(self, name: str, symbol: str) -> None:
        """Take the venue's own word for a name."""
        self._by_name[name] = symbol

    def symbol(self, name: str) -> str:
        """Return the symbol of a REST name; empty when it is not known."""
        return self._by_name.get(name, "")
