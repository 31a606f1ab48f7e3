"""The way of use from Python: an OMS, exchanges, an inventory manager, a market maker, run.

    oms = OMS(state="state-two")
    oms.register(Exchange("kraken", tier="pro"))
    oms.register(Exchange("mexc_spot"))
    inventory = InventoryManager(
        policy=HedgePolicy("immediate", hedge="mexc_spot", hedge_symbol="BTC/USDT", threshold=1000),
        limits=PositionLimits.conservative(),
    )
    maker = MarketMaker(oms, inventory, symbol="BTC/USD", spread_bps=0.5, quote_size=0.005, max_position=0.05)
    report = maker.run(seconds=60)

It is the configuration file in other words: every value goes through the same checks, and the same run comes of it,
with the same state folder, recording and commands (`mm why`, `mm pause`). Numbers may be int, Decimal, text or float; a
float is taken as it is printed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from mm.config import Environment, Problem, Settings, SettingsError, load, load_tables
from mm.config.environment import process_environment
from mm.exchanges import find
from mm.exchanges.discovery import entry_maker_fee_bps
from mm.inventory.hedging import HedgePolicy as _Policy
from mm.inventory.hedging import parameters_of as policies_of
from mm.run import check_world, run_settings, simulated_symbols
from mm.screen.narrator import Happening
from mm.screen.snapshot import Snapshot
from mm.screen.view import View
from mm.stopping import Exit
from mm.strategies import Strategy, parameters_of

__all__ = ["OMS", "Exchange", "HedgePolicy", "InventoryManager", "MarketMaker", "PositionLimits", "Report"]

NAME: Final = "Python API"
LOOK_S: Final = 0.25
Value = int | float | Decimal | str | bool | tuple[str, ...]


class Exchange:
    """A venue: its name, and the keys of `[venues.NAME]`. API keys come from the environment or `.env` alone."""

    def __init__(self, name: str, **keys: Value) -> None:
        self.name = name
        self.table = _table(keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionLimits:
    """Hard caps of the run, on the worst case of position, open, in flight and unknown orders: `[limits]`.

    max_total_exposure_usd: over all symbols; default_max_position: of each symbol that is not in max_per_symbol, in
    units of its base; max_order_size: one order; max_open_orders: over all strategies; price_collar_bps: how far from
    the market an order may be; book_age_ms_max, book_lag_ms_max, book_side_age_ms_max, jump_bps_max,
    private_down_ms_max, liquidation_distance_min_bps: as in the file.
    """

    max_total_exposure_usd: Value = 10_000
    default_max_position: Value = "0.1"
    max_per_symbol: Mapping[str, Value] = field(default_factory=dict)
    max_order_size: Value = "0.05"
    max_open_orders: int = 20
    price_collar_bps: Value = 200
    book_age_ms_max: int = 2000
    book_lag_ms_max: int = 2000
    book_side_age_ms_max: int = 2000
    jump_bps_max: Value = 200
    private_down_ms_max: int = 3000
    liquidation_distance_min_bps: Value = 300

    @classmethod
    def conservative(cls, **changes: Any) -> PositionLimits:  # Any: fields of the class
        """Caps for a first run in BTC: 10,000 USD over all, 0.05 a symbol, orders of 0.02, quotes within 1 %.

        changes: fields that are to be otherwise; base units of another asset are worth something else.
        """
        caps: dict[str, Any] = {
            "max_total_exposure_usd": 10_000,
            "default_max_position": "0.05",
            "max_order_size": "0.02",
            "max_open_orders": 8,
            "price_collar_bps": 100,
            "book_age_ms_max": 1000,
            "private_down_ms_max": 2000,
        }
        return cls(**{**caps, **changes})


class HedgePolicy:
    """Who pays the debts that fills make, and where: `[hedging.NAME]`.

    kind: "immediate", "twap", "opportunistic", "cross_exchange", or a class of your own; primary, symbol: whose fills
    are hedged; hedge, hedge_symbol: where; keys: of the policy, such as threshold (USD), duration_secs, num_orders, and
    debt_max_usd, from which on the quotes that would add to the debt are pulled.
    """

    def __init__(
        self,
        kind: str | type[_Policy] = "cross_exchange",
        *,
        hedge: str,
        hedge_symbol: str,
        primary: str = "kraken",
        symbol: str = "BTC/USD",
        **keys: Value,
    ) -> None:
        markets = {"primary": primary, "symbol": symbol, "hedge": hedge, "hedge_symbol": hedge_symbol}
        self.table = {"policy": _named(kind), **markets, **_table(keys)}


class InventoryManager:
    """What may be held, and how what is too much is hedged. Without a policy nothing is hedged."""

    def __init__(
        self, policy: HedgePolicy | tuple[HedgePolicy, ...] = (), limits: PositionLimits | None = None
    ) -> None:
        self.policies = policy if isinstance(policy, tuple) else (policy,)
        self.limits = limits if limits is not None else PositionLimits.conservative()


class MarketMaker:
    """One strategy on one symbol: `[strategies.NAME]`. Making it gives it to the OMS.

    kind: "market_maker", "cross_exchange_market_maker", or a class of your own; name: by which it is started and
    stopped; caps: those of `[strategies.NAME.limits]`; keys: the strategy's own. A long position moves both its quotes
    down, a short one both up. Raises ValueError for a second inventory manager, or a name that is taken.
    """

    def __init__(
        self,
        oms: OMS,
        inventory: InventoryManager,
        *,
        symbol: str,
        exchange: str = "kraken",
        name: str = "maker",
        kind: str | type[Strategy] = "market_maker",
        caps: Mapping[str, Value] | None = None,
        **keys: Value,
    ) -> None:
        self.oms = oms
        self.name = name
        self.table: dict[str, Any] = {"kind": _named(kind), "venue": exchange, "symbol": symbol, **_table(keys)}
        if caps:
            self.table["limits"] = _table(caps)
        oms.take(self, inventory)

    def run(self, seconds: float = 0, **options: Any) -> Report:  # Any: those of OMS.run
        """Run the OMS with all that it was given; see `OMS.run`."""
        return self.oms.run(seconds, **options)


@dataclass(frozen=True, slots=True)
class Report:
    """How a run ended.

    code: the exit code that the program would have; is_clean: nothing of ours is or may be open, by the venues' word;
    lines: the statement; facts: the same as values; last: the state at the end, None if it never got so far; said: what
    was told on the way.
    """

    code: Exit
    is_clean: bool
    lines: tuple[str, ...]
    facts: Mapping[str, Any]
    last: Snapshot | None
    said: tuple[str, ...]


class OMS:
    """Every order of a run, over all its venues.

    world: "sim" (simulated venues on this machine) or "live"; state: folder of recordings; seed: of every random
    choice; env_file: where keys are, beside the environment; kill: `[kill]`, what brings which step of the kill ladder
    by itself; conversion: by currency the table `[conversion.NAME]`, what one is worth in dollars; keys: others of
    `[run]`.
    """

    def __init__(
        self,
        world: str = "sim",
        *,
        state: str | Path = "state",
        seed: int = 1,
        env_file: str | Path = ".env",
        kill: Mapping[str, Value] | None = None,
        conversion: Mapping[str, Mapping[str, Value]] | None = None,
        **keys: Value,
    ) -> None:
        self._run = {"world": world, "state": str(state), "seed": seed, **_table(keys)}
        self._kill = _table(kill or {})
        self._conversion = _table(conversion or {})
        self._env_file = Path(env_file)
        self._exchanges: dict[str, Exchange] = {}
        self._makers: dict[str, MarketMaker] = {}
        self._inventory: InventoryManager | None = None

    def register(self, exchange: Exchange) -> Exchange:
        """Let a venue take part. Raises ValueError for one that does already."""
        if exchange.name in self._exchanges:
            raise ValueError(f"{exchange.name} is registered already")
        self._exchanges[exchange.name] = exchange
        return exchange

    def take(self, maker: MarketMaker, inventory: InventoryManager) -> None:
        """Let a market maker take part; `MarketMaker` does it."""
        if self._inventory not in (None, inventory):
            raise ValueError("one inventory manager looks after all that a run holds: give every market maker the same")
        if maker.name in self._makers:
            raise ValueError(f'a market maker is named "{maker.name}" already')
        self._inventory = inventory
        self._makers[maker.name] = maker

    def settings(self, seconds: float = 0) -> Settings:
        """Return the settings, checked. Raises SettingsError with every problem."""
        inventory = self._inventory or InventoryManager()
        limits = {key: _plain(value) for key, value in _fields(inventory.limits).items()}
        tables: dict[str, Any] = {
            "run": {**self._run, "seconds": _plain(seconds)},
            "venues": {name: dict(exchange.table) for name, exchange in self._exchanges.items()},
            "strategies": {name: dict(maker.table) for name, maker in self._makers.items()},
            "hedging": {f"hedge{number}": dict(each.table) for number, each in enumerate(inventory.policies, 1)},
            "conversion": self._conversion,
            "limits": limits,
            "kill": self._kill,
        }
        return load_tables(tables, NAME, self._environment(), *self._finders())

    def run(
        self,
        seconds: float = 0,
        *,
        live: bool = False,
        show: bool = True,
        until: Callable[[Snapshot], bool] | None = None,
    ) -> Report:
        """Run until Ctrl-C, for so many seconds, or until `until` says so of the state; every own order is cancelled.

        live: yes, trade for real (world "live" does not run without it); show: on the terminal, as the program does.
        Called in the main thread, which has the signals. Raises SettingsError or ConfigError before anything is sent.
        """
        settings = self.settings(seconds)
        check_world(settings, live)
        watch = _Watch(show, until)
        code = run_settings(settings, self._read, shown=watch.over, begun=watch.begun)
        return Report(
            code, bool(watch.facts.get("clean")), tuple(watch.lines), watch.facts, watch.last, tuple(watch.said)
        )

    def _read(self, path: Path | None) -> Settings:
        """The settings of a file, for `mm reload`."""
        if path is None:
            raise SettingsError((Problem("file", NAME, "a file, which this run has not", hint="mm reload FILE"),))
        return load(
            path, self._environment(), {("run", key): value for key, value in self._run.items()}, *self._finders()
        )

    def _environment(self) -> Environment:
        return Environment(process_environment(), self._env_file)

    @staticmethod
    def _finders() -> Any:  # Any: what `load` takes, in its order
        return (
            parameters_of,
            policies_of,
            lambda venue: entry_maker_fee_bps(venue.name, venue.package),
            find,
            simulated_symbols,
        )


class _Watch:
    """Takes a run's news: keeps the last of them, shows them where that is wanted, and asks for the end."""

    def __init__(self, show: bool, until: Callable[[Snapshot], bool] | None) -> None:
        self.said: list[str] = []
        self.lines: list[str] = []
        self.facts: dict[str, Any] = {}
        self.last: Snapshot | None = None
        self.interval_s = LOOK_S
        self._show = show
        self._until = until
        self._view: View | None = None
        self._stop: Callable[[str], None] = lambda reason: None
        self._each = 1
        self._looks = 0

    def over(self, view: View) -> _Watch:
        """Stand before the usual view."""
        if self._show:
            self._view = view
            # A terminal that is drawn anew more often than every quarter of a second keeps its own rhythm.
            self.interval_s = min(LOOK_S, view.interval_s)
            self._each = max(1, round(view.interval_s / self.interval_s))
        return self

    def begun(self, supervisor: Any) -> None:  # Any: mm.live.supervisor.Supervisor, which the run gives
        """The run can be asked to stop from here on."""
        self._stop = supervisor.ask_to_stop

    def say(self, text: str) -> None:
        """Take a sentence of the program."""
        self.said.append(text)
        if self._view is not None:
            self._view.say(text)

    def happened(self, happening: Happening) -> None:
        """Take news of an event."""
        if self._view is not None:
            self._view.happened(happening)

    def show(self, snapshot: Snapshot) -> None:
        """Take the state now."""
        self.last = snapshot
        if self._view is not None and self._looks % self._each == 0:
            self._view.show(snapshot)
        self._looks += 1
        if self._until is not None and self._until(snapshot):
            self._until = None
            self._stop("what was waited for is there")

    def end(self, lines: list[str], facts: dict[str, Any]) -> None:
        """Take the last word."""
        self.lines, self.facts = lines, facts
        if self._view is not None:
            self._view.end(lines, facts)


def _named(kind: str | type) -> str:
    return kind if isinstance(kind, str) else f"{kind.__module__}:{kind.__qualname__}"


def _fields(limits: PositionLimits) -> dict[str, Any]:
    found = {each.name: getattr(limits, each.name) for each in dataclasses.fields(limits)}
    return {key: value for key, value in found.items() if value != {}}


def _table(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _plain(value) for key, value in keys.items()}


def _plain(value: Any) -> Any:
    """A value as a file would have it: a float as it is printed, so that 0.1 is a tenth."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return _table(value)
    return list(value) if isinstance(value, tuple) else value
