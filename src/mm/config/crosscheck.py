"""Checks between settings that are each right alone: units mistaken, caps that contradict, quotes inside the fee."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import fields
from decimal import Decimal
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from mm.config.reader import Source
from mm.config.rule import nearest
from mm.config.secret import fingerprint
from mm.config.settings import (
    ConversionSettings,
    HedgeSettings,
    MarketMakerParameters,
    Settings,
    StrategySettings,
    VenueSettings,
)
from mm.errors import ConfigError
from mm.subscriptions import subscriptions_of

MakerFeeOf = Callable[[VenueSettings], Decimal | None]
"""What a venue takes of a maker at first in basis points, for the warning while the account's own fee is unknown."""

FindVenue = Callable[[str, str], object]
"""Finds a venue by its name and its package ('' of those that come with the program), or raises ConfigError."""

ListedOf = Callable[[VenueSettings], Collection[str]]
"""Every symbol that a simulated venue has, none where that is known only once it is asked."""

Wrong = tuple[str, str, str, str]
"""A key of a strategy's or a hedge's table, what was expected, what came, and a hint."""


class StrategyCaps(NamedTuple):
    """The caps of one strategy: base units, base units, a count, and the table to name in a message."""

    position: Decimal
    order_size: Decimal
    orders: int
    table: str = "limits"


LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def find_venues(settings: Settings, source: Source, stated: Collection[str], find_venue: FindVenue) -> None:
    """Note each key that names a venue which is not there. stated: venues that have a table."""
    for venue in settings.venues.values():
        try:
            find_venue(venue.name, venue.package)
        except ConfigError as error:
            if venue.package:
                source.refuse(("venues", venue.name, "package"), error.expected, "", error.hint)
                continue
            tables = [("venues", venue.name)] if venue.name in stated else []
            for path in (*tables, *_naming(settings, venue.name)):
                source.refuse(path, error.expected, f'"{venue.name}"', error.hint)


def _naming(settings: Settings, venue: str) -> Iterator[tuple[str, ...]]:
    """The keys that name a venue."""
    for strategy in settings.strategies.values():
        path = ("strategies", strategy.name)
        if strategy.venue == venue:
            yield (*path, "venue")
        if any(each.venue == venue for each in subscriptions_of(strategy.parameters)):
            names = [each.name for each in fields(strategy.parameters)]
            yield (*path, *[name for name in names if getattr(strategy.parameters, name) == venue][:1])
    for hedge in settings.hedging.values():
        for key in ("primary", "hedge", "fallback"):
            if getattr(hedge, key) == venue:
                yield ("hedging", hedge.name, key)
    for rate in settings.conversion.values():
        if rate.venue == venue:
            yield ("conversion", rate.name, "venue")


def cross_check(
    settings: Settings, source: Source, maker_fee_of: MakerFeeOf, listed_of: ListedOf = lambda venue: ()
) -> list[str]:
    """Note contradictions in `source.problems`; return sentences of warning."""
    warnings: list[str] = []
    if settings.run.outage_s >= settings.run.outage_every_s:
        source.refuse(
            ("run", "outage_s"),
            f"less than run.outage_every_s = {settings.run.outage_every_s}",
            f"{settings.run.outage_s}",
        )
    for venue in settings.venues.values():
        _used(settings, venue, source)
        _environment(settings, venue, source)
        _leverage(settings, venue, source)
    for strategy in settings.strategies.values():
        _symbols(settings, strategy, source)
        _own_limits(settings, strategy, source)
        _heard(settings, strategy, source)
        _own_word(settings, strategy, source)
        if isinstance(strategy.parameters, MarketMakerParameters):
            _sizes(settings, strategy, strategy.parameters, source)
            warnings += _fees(settings, strategy, strategy.parameters, maker_fee_of)
    for hedge in settings.hedging.values():
        _hedging(settings, hedge, source)
    for stated in settings.conversion.values():
        _conversion(settings, stated, source)
    if _unlisted(settings, source, listed_of):
        # A limit may be right where the symbol is wrong.
        return warnings
    return warnings + _limited(settings, source)


def _unlisted(settings: Settings, source: Source, listed_of: ListedOf) -> bool:
    """Note symbols that a simulated venue has not, and whether there are any; a real one says so when it is asked."""
    if settings.run.world != "sim":
        return False
    named = [(("strategies", each.name, "symbol"), each.venue, each.symbol) for each in settings.strategies.values()]
    for hedge in settings.hedging.values():
        keys = ("hedge_symbol", "fallback_symbol")
        named += [(("hedging", hedge.name, key), *market) for key, market in zip(keys, hedge.markets(), strict=False)]
    found = False
    for path, venue, symbol in named:
        listed = listed_of(settings.venues[venue])
        if listed and symbol not in listed:
            hint = f"it has {', '.join(listed)}"
            source.refuse(path, f"a symbol that the simulated {venue} has", f'"{symbol}"', hint)
            found = True
    return found


def _limited(settings: Settings, source: Source) -> list[str]:
    """A limit of a symbol that no market has would limit nothing. Where a symbol was chosen for this run alone, the
    file's limits are those of others too, and that is only told."""
    known = set()
    for strategy in settings.strategies.values():
        known |= {strategy.symbol, *(each.symbol for each in subscriptions_of(strategy.parameters))}
    for hedge in settings.hedging.values():
        known |= {hedge.symbol, *(symbol for _, symbol in hedge.markets())}
    known |= {rate.symbol for rate in settings.conversion.values()}
    known |= {symbol for venue in settings.venues.values() for symbol in venue.symbols}
    limits = settings.limits
    unused = [symbol for symbol in limits.max_per_symbol if symbol not in known]
    chosen = [
        strategy.symbol
        for strategy in settings.strategies.values()
        if source.is_overridden(("strategies", strategy.name, "symbol"))
    ]
    if unused and chosen:
        capped = ", ".join(symbol for symbol in chosen if symbol not in limits.max_per_symbol)
        instead = f": default_max_position = {limits.default_max_position} is the cap of {capped}" if capped else ""
        return [f"limits.max_per_symbol names {', '.join(unused)}, which is no symbol of this run{instead}"]
    names = sorted(known - {""})
    for symbol in unused:
        # A cap is in units of its asset: none is hinted onto another one.
        near = tuple(name for name in names if name.partition("/")[0] == symbol.partition("/")[0])
        hint = nearest(symbol, near) or f"known here: {', '.join(names)}"
        source.refuse(("limits", "max_per_symbol"), "a symbol of this run", f'"{symbol}"', hint)
    return []


def _conversion(settings: Settings, stated: ConversionSettings, source: Source) -> None:
    """A rate is stated, or it is that of a market which tells dollars for the currency."""
    path = ("conversion", stated.name)
    if not (stated.name.isalnum() and stated.name.isascii() and stated.name == stated.name.upper()):
        source.refuse(path, "a currency such as USDT", f'"{stated.name}"')
    if stated.name == "USD":
        source.refuse(path, "a currency other than USD", '"USD"', "everything is counted in dollars")
    if bool(stated.venue) != bool(stated.symbol):
        key, other = ("symbol", "venue") if stated.venue else ("venue", "symbol")
        source.refuse((*path, key), f"a {key} beside {other}", "nothing", "a market has both")
    elif stated.symbol and stated.symbol != f"{stated.name}/USD":
        source.refuse((*path, "symbol"), f'"{stated.name}/USD"', f'"{stated.symbol}"')
    elif stated.venue and settings.venues[stated.venue].symbols:
        symbols = settings.venues[stated.venue].symbols
        if stated.symbol not in symbols:
            source.refuse(
                (*path, "symbol"), f"one of the symbols of venues.{stated.venue}: {', '.join(symbols)}", stated.symbol
            )


def _hedging(settings: Settings, hedge: HedgeSettings, source: Source) -> None:
    """A hedge needs fills to follow, another market, the same asset, and nobody else who follows the same fills."""
    path = ("hedging", hedge.name)
    _quoted(settings, hedge, source)
    if bool(hedge.fallback) is not bool(hedge.fallback_symbol):
        missing = "fallback_symbol" if hedge.fallback else "fallback"
        source.refuse((*path, missing), "fallback and fallback_symbol together, or neither", "nothing")
        return
    base = hedge.symbol.partition("/")[0]
    for key, (venue, symbol) in zip(("hedge", "fallback"), hedge.markets(), strict=False):
        if (hedge.primary, hedge.symbol) == (venue, symbol):
            source.refuse((*path, key), "another market than the quoted one", f'"{venue}"')
        if symbol.partition("/")[0] != base:
            source.refuse((*path, f"{key}_symbol"), f"a symbol of {base}", f'"{symbol}"')
        _linear((*path, f"{key}_symbol"), symbol, source)
    wrong = getattr(hedge.parameters, "wrong", None)
    for key, expected, came, hint in wrong(hedge) if wrong is not None else ():
        source.refuse((*path, key), expected, came, hint)
    if hedge.fallback == hedge.hedge:
        source.refuse((*path, "fallback"), "another venue than the hedge venue", f'"{hedge.fallback}"')
    for other in settings.hedging.values():
        if other.name < hedge.name and (
            (other.primary, other.symbol) == (hedge.primary, hedge.symbol)
            or set(other.markets()) & set(hedge.markets())
        ):
            came = f"the same as in hedging.{other.name}"
            source.refuse(path, "markets of its own", came, "two owners would hedge one position twice")
    for other in settings.hedging.values():
        # What the venue takes of a contract by itself is owed to whoever fills there, and to whoever hedges there.
        if (other.primary, other.symbol) in hedge.markets() and ":" in other.symbol and other is not hedge:
            came = f"{other.symbol} on {other.primary}, whose fills hedging.{other.name} hedges"
            source.refuse(path, "a contract that is not hedged itself", came, "its position would be hedged twice")


def _quoted(settings: Settings, hedge: HedgeSettings, source: Source) -> None:
    """A strategy quotes what is hedged. One that misses it by its venue or its symbol alone is meant: it may be the
    wrong one of the two."""
    path = ("hedging", hedge.name)
    strategies = settings.strategies.values()
    if any((each.venue, each.symbol) == (hedge.primary, hedge.symbol) for each in strategies):
        return
    for each in strategies:
        for key, came, mine, wanted, is_near in (
            ("symbol", each.symbol, "symbol", hedge.symbol, each.venue == hedge.primary),
            ("venue", each.venue, "primary", hedge.primary, each.symbol == hedge.symbol),
        ):
            if is_near:
                says = f"as {'.'.join(path)}.{mine} says ({source.place((*path, mine))})"
                hint = "one of the two is wrong"
                source.refuse(("strategies", each.name, key), f'"{wanted}", {says}', f'"{came}"', hint)
                return
    source.refuse(
        (*path, "symbol"), f"a symbol that a strategy quotes on {hedge.primary}", f'"{hedge.symbol}"',
        "the fills of a strategy are what is hedged",
    )  # fmt: skip


def _linear(path: tuple[str, ...], symbol: str, source: Source) -> None:
    """What is settled in its own base asset is worth less the higher its price: nothing here counts so."""
    base, _, rest = symbol.partition("/")
    if rest.partition(":")[2] == base:
        source.refuse(
            path, "a contract settled in its quote currency", f'"{symbol}"', "inverse contracts are not traded"
        )


def _used(settings: Settings, venue: VenueSettings, source: Source) -> None:
    """Nothing would be asked of it, so that it is never heard, and no order leaves before every venue of a run was."""
    used = [name for each in settings.hedging.values() for name in (each.primary, each.hedge, each.fallback)]
    used += [each.venue for each in settings.conversion.values()]
    hearing = []
    for strategy in settings.strategies.values():
        heard = [each for each in subscriptions_of(strategy.parameters) if each.venue == venue.name]
        used += [strategy.venue, *(each.venue for each in heard if each.symbol)]
        hearing += [strategy.name] if heard else []
    if venue.name in used or venue.symbols:
        return
    if hearing:
        # A venue is asked for symbols, and tells of the account beside them.
        source.refuse(
            ("venues", venue.name, "symbols"),
            f"a symbol there, for strategies.{hearing[0]} hears the venue and names none",
            "none",
            f'write symbols = ["BASE/QUOTE"] under [venues.{venue.name}]',
        )
    else:
        source.refuse(
            ("venues", venue.name),
            "a venue that a strategy, a hedge or a rate of this run uses",
            "one that nothing uses",
            'take the table out; or write symbols = ["BASE/QUOTE"] there, and what is left of earlier runs is looked '
            "after",
        )


def _leverage(settings: Settings, venue: VenueSettings, source: Source) -> None:
    """A leverage at which a fresh position is closer to its liquidation than the limit would be reduced at once."""
    least = settings.limits.liquidation_distance_min_bps
    if venue.leverage and Decimal(10_000) / venue.leverage <= least:
        source.refuse(
            ("venues", venue.name, "leverage"),
            f"a leverage whose liquidation is further away than limits.liquidation_distance_min_bps = {least}",
            str(venue.leverage),
            f"a position of that leverage is taken over {10_000 / venue.leverage:.0f} bps away",
        )


def _environment(settings: Settings, venue: VenueSettings, source: Source) -> None:
    """Simulation stays on this machine; a real account is named twice before anything is sent."""
    path = ("venues", venue.name)
    addresses = [(key, getattr(venue, key)) for key in ("rest_url", "ws_url", "ws_auth_url")]
    local = [bool(url) and urlsplit(url).hostname in LOOPBACK for _, url in addresses]
    if settings.run.world == "sim":
        for key, url in addresses:
            if url and urlsplit(url).hostname not in LOOPBACK:
                source.refuse(
                    (*path, key), "an address on this machine in world sim", url, "world live reaches real venues"
                )
        return
    if venue.tier == "unlimited":
        source.refuse((*path, "tier"), "a tier that the venue has", '"unlimited"', "only the simulator knows it")
    if any(local) and not all(local):
        source.refuse(
            path, "all addresses on this machine, or none", "a mixture", "set rest_url, ws_url and ws_auth_url"
        )
    if venue.api_key is None:
        name = venue.name.upper()
        source.refuse(path, f"{name}_API_KEY and {name}_API_SECRET for world live", "none", "see .env.example")
    elif not all(local) and venue.account_fingerprint != fingerprint(venue.api_key):
        came = "that of another key" if venue.account_fingerprint else "nothing"
        source.refuse(
            (*path, "account_fingerprint"),
            "the fingerprint of the API key in the environment",
            came,
            f'to trade with this key write account_fingerprint = "{fingerprint(venue.api_key)}" under '
            f"[venues.{venue.name}] of your --config",
        )


def _symbols(settings: Settings, strategy: StrategySettings, source: Source) -> None:
    venue = settings.venues[strategy.venue]
    _linear(("strategies", strategy.name, "symbol"), strategy.symbol, source)
    if venue.position_mode == "hedge":
        source.refuse(
            ("venues", venue.name, "position_mode"),
            "one_way on a venue that a strategy quotes on",
            '"hedge"',
            "quotes on both sides would hold a long and a short at once; hedges alone may go in hedge mode",
        )
    if venue.symbols and strategy.symbol not in venue.symbols:
        source.refuse(
            ("strategies", strategy.name, "symbol"),
            f"one of the symbols of venues.{venue.name}: {', '.join(venue.symbols)}",
            strategy.symbol,
        )
    for other in settings.strategies.values():
        if other.name < strategy.name and (other.venue, other.symbol) == (strategy.venue, strategy.symbol):
            source.refuse(
                ("strategies", strategy.name, "symbol"),
                "one strategy a symbol",
                f"{strategy.symbol}, which {other.name} quotes too",
                "two would trade with one another",
            )


def _heard(settings: Settings, strategy: StrategySettings, source: Source) -> None:
    """What a strategy wants to hear is among what its venue is asked for."""
    for each in subscriptions_of(strategy.parameters):
        chosen = settings.venues[each.venue].symbols if each.venue else ()
        if chosen and each.symbol and each.symbol not in chosen:
            source.refuse(
                ("venues", each.venue, "symbols"),
                f"{each.symbol} too, which strategies.{strategy.name} reads",
                ", ".join(chosen),
            )


def _own_limits(settings: Settings, strategy: StrategySettings, source: Source) -> None:
    """A strategy's own caps are under those of the run."""
    own, limits = strategy.limits, settings.limits
    if own is None:
        return
    path = ("strategies", strategy.name, "limits")
    caps = (
        ("max_position", own.max_position, limits.position_max(strategy.symbol), f"the limit for {strategy.symbol}"),
        ("max_order_size", own.max_order_size, limits.max_order_size, "limits.max_order_size"),
        ("max_open_orders", own.max_open_orders, limits.max_open_orders, "limits.max_open_orders"),
    )
    for key, value, cap, name in caps:
        if value is not None and value > cap:
            source.refuse((*path, key), f"at most {name} = {cap}", str(value), "a strategy's caps are under the run's")


def _own_word(settings: Settings, strategy: StrategySettings, source: Source) -> None:
    """What the strategy's own parameters find wrong with themselves among the other settings."""
    wrong = getattr(strategy.parameters, "wrong", None)
    if wrong is None:
        return
    for key, expected, came, hint in wrong(settings, strategy, caps_of(settings, strategy)):
        source.refuse(("strategies", strategy.name, key), expected, came, hint)


def caps_of(settings: Settings, strategy: StrategySettings) -> StrategyCaps:
    """The caps that hold for a strategy, and the table that set them."""
    own, limits = strategy.limits, settings.limits
    caps = StrategyCaps(limits.position_max(strategy.symbol), limits.max_order_size, limits.max_open_orders)
    if own is None:
        return caps
    mine = StrategyCaps(
        own.max_position or caps.position, own.max_order_size or caps.order_size, own.max_open_orders or caps.orders
    )
    return mine._replace(table=f"strategies.{strategy.name}.limits") if mine != caps else caps


def _sizes(settings: Settings, strategy: StrategySettings, knobs: MarketMakerParameters, source: Source) -> None:
    path = ("strategies", strategy.name)
    limits = settings.limits
    cap, size_max, orders_max, table = caps_of(settings, strategy)
    largest = knobs.quote_size * max(Decimal(1), knobs.level_size_factor ** (knobs.levels - 1))
    if knobs.max_position > cap:
        source.refuse(
            (*path, "max_position"), f"at most the limit of {cap} for {strategy.symbol}", str(knobs.max_position)
        )
    if largest > size_max:
        source.refuse((*path, "quote_size"), f"orders of at most {table}.max_order_size = {size_max}", f"{largest:f}")
    if knobs.open_size() > knobs.max_position:
        source.refuse(
            (*path, "quote_size"),
            f"one side's orders within max_position = {knobs.max_position}",
            f"{knobs.open_size():f} in {knobs.levels} level(s)",
        )
    if 2 * knobs.levels > orders_max:
        source.refuse(
            (*path, "levels"),
            f"two sides within {table}.max_open_orders = {orders_max}",
            f"{2 * knobs.levels} orders",
        )
    if knobs.min_spread_bps > knobs.spread_bps:
        source.refuse((*path, "min_spread_bps"), f"at most spread_bps = {knobs.spread_bps}", str(knobs.min_spread_bps))
    reach = knobs.spread_bps / 2 * (1 + knobs.inventory_skew_factor) + knobs.level_step_bps * (knobs.levels - 1)
    if reach > limits.price_collar_bps:
        source.refuse(
            (*path, "spread_bps"),
            f"the furthest quote within limits.price_collar_bps = {limits.price_collar_bps}",
            f"{reach:f} bps from the middle",
        )


def _fees(
    settings: Settings, strategy: StrategySettings, knobs: MarketMakerParameters, maker_fee_of: MakerFeeOf
) -> list[str]:
    venue = settings.venues[strategy.venue]
    fee = venue.maker_fee_bps if venue.maker_fee_bps is not None else maker_fee_of(venue)
    if fee is None or knobs.spread_bps >= 2 * fee:
        return []
    key = f"strategies.{strategy.name}.spread_bps"
    return [
        f"{key} = {knobs.spread_bps} is inside the maker fee: a round trip pays 2 x {fee} bps, so it loses "
        f"{2 * fee - knobs.spread_bps} bps even when both sides fill; {key} = {2 * fee} breaks even"
    ]
