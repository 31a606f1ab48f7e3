"""The venues that a simulator can host: what each lists, what its account begins with, and how its machine is made."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from mm.simulator.blotter import Name
from mm.simulator.contracts.exchange import ContractExchange
from mm.simulator.exchange import Exchange
from mm.simulator.generated import GeneratedMarket
from mm.simulator.hooks import (
    CONTRACT_ACTIONS,
    COST_ACTIONS,
    FLOOD_ACTIONS,
    GENERATED_ACTIONS,
    LOT_ACTIONS,
    Hooks,
)
from mm.simulator.kraken.errors import hook_refusal as kraken_refusal
from mm.simulator.kraken.fees import FEES_MAKER, FEES_TAKER, fee_e6, tables
from mm.simulator.kraken.venue import KrakenVenue
from mm.simulator.kraken.venue import Options as KrakenOptions
from mm.simulator.mexc_futures import terms as futures
from mm.simulator.mexc_futures.errors import hook_refusal as mexc_futures_refusal
from mm.simulator.mexc_futures.venue import MexcFuturesVenue
from mm.simulator.mexc_futures.venue import Options as MexcFuturesOptions
from mm.simulator.mexc_spot.rest import hook_refusal as mexc_spot_refusal
from mm.simulator.mexc_spot.terms import btc_usdt
from mm.simulator.mexc_spot.venue import MexcSpotVenue, mexc_name
from mm.simulator.mexc_spot.venue import Options as MexcSpotOptions
from mm.simulator.orders import SimInstrument
from mm.simulator.outbox import Action
from mm.simulator.tape import BUILTIN, BUILTIN_FINE

ACCOUNT: Final = "main"
KRAKEN: Final = "kraken"
MEXC_SPOT: Final = "mexc_spot"
MEXC_FUTURES: Final = "mexc_futures"

USDT_MIDDLE: Final = 9_996
"""In 0.0001 USD."""

Rules = Sequence[dict[str, Any]]


class Operated(Protocol):
    """A venue as its shell and its control pages see it; see `mm.simulator.machine`."""

    @property
    def exchange(self) -> Exchange: ...

    hooks: Hooks
    system: str
    api_key: str
    api_secret: str

    def open(self, now_ns: int, path: str) -> int: ...
    def frame(self, now_ns: int, connection: int, payload: bytes) -> None: ...
    def closed(self, now_ns: int, connection: int) -> None: ...
    def http(
        self, now_ns: int, connection: int, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> None: ...
    def advance(self, now_ns: int) -> None: ...
    def next_deadline(self) -> int: ...
    def drain(self) -> list[Action]: ...
    def set_mode(self, now_ns: int, system: str, *, symbol: str = "") -> None: ...
    def act(self, now_ns: int, value: Any) -> None: ...
    def disconnect(self, now_ns: int, *, target: str = "all", code: int = 0, reason: str = "") -> int: ...
    def invalidate_tokens(self) -> None: ...
    def snapshot(self) -> dict[str, Any]: ...
    def restore(self, saved: dict[str, Any]) -> None: ...
    def statistics(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class VenueKind:
    """One venue that can be hosted.

    Attributes:
        name: as `--venues` and the state folder write it; title: for a screen.
        grid: what the recording was mapped to, for a screen.
        tape: the shipped recording that it replays.
        funds: what its account begins with, in whole units.
        paths: of its public and its private WebSocket.
        exchange: makes the matching core; actions: hooks by the clock that no other kind has.
        refusal: raises HookError where the venue cannot answer with the `error` of a hook `refuse`.
        generated: markets that it lists besides the recorded one, for `Exchange(generated=...)`.
    """

    name: str
    title: str
    grid: str
    tape: str
    funds: Mapping[str, int]
    paths: tuple[str, str]
    instrument: Callable[[argparse.Namespace], SimInstrument]
    make: Callable[[Exchange, int, argparse.Namespace, Rules], Operated]
    tier: Callable[[argparse.Namespace], str]
    fees: Callable[[argparse.Namespace], str]
    order_name: Name | None = None
    exchange: Callable[..., Exchange] = Exchange
    actions: frozenset[str] = frozenset()
    refusal: Callable[[str], object] | None = None
    generated: Callable[[argparse.Namespace], list[GeneratedMarket]] = lambda options: []


def btc_usd(volume_usd: int = 0) -> SimInstrument:
    """BTC/USD as Kraken lists it (Kraken reference: pair parameters), with the fees at a 30-day volume."""
    return SimInstrument(
        symbol="BTC/USD",
        base="BTC",
        quote="USD",
        price_precision=1,
        size_precision=8,
        tick=1,
        size_min=5_000,
        cost_min=5 * 10**8,
        quote_decimals=4,
        maker_fee_e6=fee_e6(FEES_MAKER, volume_usd),
        taker_fee_e6=fee_e6(FEES_TAKER, volume_usd),
    )


def usdt_usd(volume_usd: int = 0) -> SimInstrument:
    """USDT/USD as Kraken lists it, but for sizes of 6 decimals where Kraken has 8: the ledger holds a cost in 10."""
    maker, taker = tables("USDT")
    return SimInstrument(
        symbol="USDT/USD",
        base="USDT",
        quote="USD",
        price_precision=4,
        size_precision=6,
        tick=1,
        size_min=5 * 10**6,
        cost_min=5 * 10**9,
        quote_decimals=4,
        maker_fee_e6=fee_e6(maker, volume_usd),
        taker_fee_e6=fee_e6(taker, volume_usd),
    )


def generated_usdt(options: argparse.Namespace) -> list[GeneratedMarket]:
    """The rate of USDT, of which there is no recording; see `generated.py`."""
    return [GeneratedMarket(usdt_usd(options.volume_usd), USDT_MIDDLE, options.seed)]


def kraken_fees(volume_usd: int) -> str:
    """The account's fees, for the screen."""
    maker, taker = (fee_e6(table, volume_usd) / 10_000 for table in (FEES_MAKER, FEES_TAKER))
    return f"maker {maker:.2f} %, taker {taker:.2f} % (30-day volume of {volume_usd:,} USD)"


def _mexc_fees(options: argparse.Namespace) -> str:
    del options
    traded = btc_usdt()
    return f"maker {traded.maker_fee_e6 / 10_000:.2f} %, taker {traded.taker_fee_e6 / 10_000:.2f} %"


def _kraken(exchange: Exchange, start_ns: int, options: argparse.Namespace, hooks: Rules) -> Operated:
    choices = KrakenOptions(account=ACCOUNT, tier=options.tier, volume_usd=options.volume_usd)
    return KrakenVenue(exchange, start_ns=start_ns, seed=options.seed, options=choices, hooks=hooks)


def _mexc_spot(exchange: Exchange, start_ns: int, options: argparse.Namespace, hooks: Rules) -> Operated:
    choices = MexcSpotOptions(account=ACCOUNT, tier=options.mexc_tier)
    return MexcSpotVenue(exchange, start_ns=start_ns, seed=options.seed, options=choices, hooks=hooks)


def _contracts(instruments: list[SimInstrument], **more: Any) -> Exchange:
    rates = {traded.symbol: futures.MAINTENANCE_E6 for traded in instruments}
    return ContractExchange(instruments, maintenance_e6=rates, **more)


def _mexc_futures(exchange: Exchange, start_ns: int, options: argparse.Namespace, hooks: Rules) -> Operated:
    choices = MexcFuturesOptions(
        account=ACCOUNT,
        tier=options.mexc_futures_tier,
        mode={"hedge": 1, "one_way": 2}[options.position_mode],
        funding_s=options.funding_seconds,
        sample_s=vars(options).get("sample_seconds", 1),
    )
    contracts = cast(ContractExchange, exchange)
    return MexcFuturesVenue(contracts, start_ns=start_ns, seed=options.seed, options=choices, hooks=hooks)


def _futures_fees(options: argparse.Namespace) -> str:
    maker, taker = futures.MAKER_FEE_E6 / 10_000, futures.TAKER_FEE_E6 / 10_000
    return f"maker {maker:.2f} %, taker {taker:.2f} %, funding each {options.funding_seconds} s"


KINDS: Final[dict[str, VenueKind]] = {
    kind.name: kind
    for kind in (
        VenueKind(
            name=KRAKEN,
            title="Kraken",
            grid="mapped to Kraken's 0.1 grid",
            tape=BUILTIN,
            funds={"BTC": 10, "USD": 1_000_000},
            paths=("/v2", "/auth/v2"),
            instrument=lambda options: btc_usd(options.volume_usd),
            make=_kraken,
            tier=lambda options: str(options.tier),
            fees=lambda options: kraken_fees(options.volume_usd),
            actions=FLOOD_ACTIONS | GENERATED_ACTIONS | COST_ACTIONS | LOT_ACTIONS,
            refusal=kraken_refusal,
            generated=generated_usdt,
        ),
        VenueKind(
            name=MEXC_SPOT,
            title="MEXC Spot",
            grid="on its own 0.01 grid, without basis to the other venues",
            tape=BUILTIN_FINE,
            funds={"BTC": 10, "USDT": 20_000},
            paths=("/ws", "/ws"),
            instrument=lambda options: btc_usdt(),
            make=_mexc_spot,
            tier=lambda options: str(options.mexc_tier),
            fees=_mexc_fees,
            order_name=mexc_name,
            actions=COST_ACTIONS,
            refusal=mexc_spot_refusal,
        ),
        VenueKind(
            name=MEXC_FUTURES,
            title="MEXC Futures",
            grid="on its 0.1 grid in contracts of 0.0001 BTC, without basis to the other venues",
            tape=BUILTIN,
            funds={"USDT": 20_000},
            paths=("/edge", "/edge"),
            instrument=lambda options: futures.btc_usdt_contract(),
            make=_mexc_futures,
            tier=lambda options: str(options.mexc_futures_tier),
            fees=_futures_fees,
            order_name=futures.mexc_futures_name,
            exchange=_contracts,
            actions=CONTRACT_ACTIONS | LOT_ACTIONS,
            refusal=mexc_futures_refusal,
        ),
    )
}


def symbols_of(name: str) -> tuple[str, ...]:
    """What a venue lists, whatever its options; nothing where `name` is none of `KINDS`."""
    if name not in KINDS:
        return ()
    kind, options = KINDS[name], argparse.Namespace(volume_usd=0, seed=0)
    return (kind.instrument(options).symbol, *(market.instrument.symbol for market in kind.generated(options)))


def take(wanted: str) -> str:
    """Make sure that a venue can be hosted; returns its name.

    wanted: a name of `KINDS`, or the module of another package that has a `KIND` (`my_venues.acme.simulated`).

    Raises:
        LookupError: there is none; the text says why.
    """
    if wanted in KINDS:
        return wanted
    if "." not in wanted:
        known = f"venues are {', '.join(KINDS)}, separated by commas, not {wanted!r}"
        raise LookupError(f"{known} (one of another package is package.module with a KIND)")
    try:
        kind = importlib.import_module(wanted).KIND
    except ImportError as error:
        raise LookupError(f"{wanted} cannot be imported: {error}") from error
    except AttributeError:
        raise LookupError(f"{wanted} has no KIND") from None
    KINDS.setdefault(kind.name, kind)
    return str(kind.name)
