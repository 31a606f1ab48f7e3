"""The settings as the program carries them: frozen, checked, units in the names, quantities as exact Decimals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from mm.config import rule
from mm.config.secret import Secret
from mm.steps import BY_ITSELF, PULL

FRACTION = "that is tiny; did you write a fraction? 0.001 as a fraction is 10 bps"
PERCENT = "1000 bps is already 10 %"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """`[run]`: which world, where its state lives, for how long.

    world: "sim" (simulated venue, no key, no network) or "live"; seed: of every random choice; state: folder of
    recordings and ledgers; log_level: "info", "debug" or "trace"; seconds: stop by itself after so many, 0 never;
    replay_speed: how fast the simulated market replays its recording; watchdog_s: a process of its own cancels own
    orders where no timer of the venue is armed once this one has given no sign of life for so long, 0 never; outage_s,
    outage_every_s: a new simulation cuts off the venue that is hedged on, or the only one, for so long every so often,
    0 never; funding_s: a new simulation settles the funding of contracts so often, real venues each 8 hours;
    reconcile_s: each venue's account is read and compared with ours so often, 0 only at a connect; journal: when the
    durable journal has what is acted on, "os", "group" or "always" (`docs/journal.md`), or "off": then nothing is taken
    over by the next start; store: what a process of its own keeps of the journal for people, "off", "sqlite" or
    "postgres" (`docs/store.md`); log_mb_max: what a run says is kept in the state folder, no more than so much, 0 not;
    packages: a live start whose installed packages are not what they should be is refused ("check"), goes on with a
    warning ("warn") or does not look ("off"); package_pins: a file of `mm packages --pin` that they have to agree with,
    in any world (`docs/operating.md`).
    store_url comes from the environment or `.env`, never from the file.
    """

    world: str = rule.choice("sim", "live", default="sim")
    seed: int = rule.integer(default=1, least=0, most=2**63 - 1)
    state: str = rule.text("path", default="state")
    log_level: str = rule.choice("info", "debug", "trace", default="info")
    seconds: Decimal = rule.number("s", default=0, least=0, most=31_536_000)
    replay_speed: Decimal = rule.number(default=1, above=0, most=100)
    watchdog_s: Decimal = rule.number("s", default=5, least=0, most=600)
    outage_s: Decimal = rule.number("s", default=0, least=0, most=600)
    funding_s: Decimal = rule.number("s", default=28_800, least=1, most=86_400)
    outage_every_s: Decimal = rule.number("s", default=90, least=10, most=86_400)
    reconcile_s: Decimal = rule.number("s", default=30, least=0, most=3600)
    journal: str = rule.choice("off", "os", "group", "always", default="os")
    store: str = rule.choice("off", "sqlite", "postgres", default="sqlite")
    log_mb_max: int = rule.integer(default=20, least=0, most=100_000)
    packages: str = rule.choice("check", "warn", "off", default="check")
    package_pins: str = rule.text("path", default="")
    store_url: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSettings:
    """`[venues.NAME]`: how to reach a venue and what the account there allows.

    package: where a venue is that does not come with `mm` ("package.module" with a `VENUE` in it); rest_url, ws_url,
    ws_auth_url: empty means the venue's own (live) or the simulator's (sim); tier: of the account's rate limits;
    symbols: to subscribe, empty means those of the strategies; book_depth: levels; dead_man_switch_s: the
    venue cancels every order of the account unless told otherwise within so many seconds, 0 never armed;
    accept_account_wide_timer: arm it although the account holds foreign orders; clock_offset_ms_max: no quoting when
    our clock is further off; maker_fee_bps, taker_fee_bps: taken when the venue does not tell the rates, negative is a
    rebate, None unknown; account_fingerprint: the key that `live` is meant for, see `mm.config.fingerprint`;
    accept_unknown_key_rights: trade live although the venue does not say that the key may not withdraw;
    of a venue with contracts, leverage: that the account must have there, 0 any; position_mode: "one_way" nets, "hedge"
    keeps longs and shorts apart; margin_mode: "cross" or "isolated"; empty means one_way and cross.
    api_key, api_secret come from the environment or `.env`, never from the file; so do watchdog_api_key and
    watchdog_api_secret, a second key of the same account for the watchdog, so that no nonce is shared with the bot and
    orders need not be left to the venue's timer.
    """

    name: str = ""
    package: str = rule.text("module", default="")
    rest_url: str = rule.text("url_http", default="")
    ws_url: str = rule.text("url_ws", default="")
    ws_auth_url: str = rule.text("url_ws", default="")
    tier: str = rule.choice("starter", "intermediate", "pro", "unlimited", default="intermediate")
    symbols: tuple[str, ...] = rule.texts("symbol", default=())
    book_depth: int = rule.integer(default=100, least=10, most=1000)
    dead_man_switch_s: int = rule.integer("s", default=60, least=0, most=86_400)
    accept_account_wide_timer: bool = rule.boolean(default=False)
    clock_offset_ms_max: int = rule.integer("ms", default=1000, least=10, most=60_000)
    maker_fee_bps: Decimal | None = rule.number("bps", default=None, least=-100, most=200)
    taker_fee_bps: Decimal | None = rule.number("bps", default=None, least=-100, most=200)
    account_fingerprint: str = rule.text("name", default="")
    accept_unknown_key_rights: bool = rule.boolean(default=False)
    leverage: int = rule.integer(default=0, least=0, most=500)
    position_mode: str = rule.choice("one_way", "hedge", default="")
    margin_mode: str = rule.choice("cross", "isolated", default="")
    api_key: Secret | None = None
    api_secret: Secret | None = None
    watchdog_api_key: Secret | None = None
    watchdog_api_secret: Secret | None = None

    def secrets(self) -> list[Secret]:
        """What may be shown nowhere."""
        found = (self.api_key, self.api_secret, self.watchdog_api_key, self.watchdog_api_secret)
        return [secret for secret in found if secret is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyLimits:
    """`[strategies.NAME.limits]`: caps of one strategy under those of `[limits]`, on its own orders and their fills.

    max_position: on the worst case of what its fills made and its open orders may; max_order_size: one order;
    max_open_orders: of its own. None: that of `[limits]`.
    """

    max_position: Decimal | None = rule.number("base", default=None, above=0, most=1_000_000_000)
    max_order_size: Decimal | None = rule.number("base", default=None, above=0, most=1_000_000_000)
    max_open_orders: int | None = rule.integer(default=None, least=1, most=10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySettings:
    """`[strategies.NAME]`: one strategy on one symbol.

    kind: finds the class by name (a file of `mm.strategies`, or "package.module:Class"); autostart: it quotes from the
    start of the run on, and not only once the operator starts it; parameters: the class's own frozen `Parameters`,
    already checked; limits: caps of its own.
    """

    name: str = ""
    kind: str = rule.text(default="market_maker")
    venue: str = rule.text("name", default="kraken")
    symbol: str = rule.text("symbol")
    autostart: bool = rule.boolean(default=True)
    parameters: Any = None  # Any: whatever dataclass the strategy declares
    limits: StrategyLimits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeSettings:
    """`[hedging.NAME]`: who pays the debts that the fills of quotes make, and where.

    policy: finds the class by name (a file of `mm.inventory.hedging`, or "package.module:Class"); primary, symbol: the
    venue and symbol whose fills are hedged; hedge, hedge_symbol: where; debt_max_usd: from this open debt on, quotes on
    the side that would add to it are pulled; fallback, fallback_symbol: where hedges go while order entry at the hedge
    venue is closed, and once it has been out of reach for fallback_after_s or refused each of several hedges, empty
    nowhere; parameters: the class's own frozen `Parameters`, already checked.
    """

    name: str = ""
    policy: str = rule.text(default="cross_exchange")
    primary: str = rule.text("name", default="kraken")
    symbol: str = rule.text("symbol")
    hedge: str = rule.text("name")
    hedge_symbol: str = rule.text("symbol")
    debt_max_usd: Decimal = rule.number("usd", default=5000, above=0, most=1_000_000_000)
    fallback: str = rule.text("name", default="")
    fallback_symbol: str = rule.text("symbol", default="")
    fallback_after_s: Decimal = rule.number("s", default=10, least=0, most=86_400)
    parameters: Any = None  # Any: whatever dataclass the policy declares

    def markets(self) -> list[tuple[str, str]]:
        """Where hedges may go, as venue and symbol: the hedge venue first."""
        first = (self.hedge, self.hedge_symbol)
        return [first, (self.fallback, self.fallback_symbol)] if self.fallback else [first]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionSettings:
    """`[conversion.NAME]`: what one unit of a currency is worth in dollars.

    rate: as stated; venue, symbol: instead of a stated rate the middle of this market, which is subscribed for it;
    peg: what it is meant to be worth, 1 for USDC, USDG, USDQ and USDT, none for others; peg_deviation_bps_max: further
    off, quotes in the currency are pulled and nothing that adds risk is sent to its markets.
    """

    name: str = ""
    rate: Decimal = rule.number("usd", default=1, above=0, most=1_000_000_000)
    venue: str = rule.text("name", default="")
    symbol: str = rule.text("symbol", default="")
    peg: Decimal | None = rule.number("usd", default=None, above=0, most=1_000_000_000)
    peg_deviation_bps_max: Decimal = rule.number("bps", default=100, above=0, most=10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """`[limits]`: hard caps outside the strategies, on the worst case of position, open, in flight and unknown orders.

    max_total_exposure_usd: over all symbols; default_max_position: of each symbol not named in max_per_symbol;
    max_order_size: one order; max_open_orders: over all strategies; price_collar_bps: how far from the market an order
    may be; book_age_ms_max: an older book quotes nothing; book_lag_ms_max: nor does one whose messages are further
    behind the venue's own time; book_side_age_ms_max: nor one of which a side stands still for longer while the other
    moves (20 changes of its best at least); jump_bps_max: nor one whose middle is further from its average of 10 s,
    until another market of the asset shows the same price or it has held for 10 s; each 0 never; private_down_ms_max:
    quotes are pulled when the private stream is down for longer; liquidation_distance_min_bps: a contract's mark price
    this close to the price at which the venue takes the position over stops what would add to it and reduces it, 0
    never.
    """

    max_total_exposure_usd: Decimal = rule.number("usd", default=10_000, above=0, most=1_000_000_000)
    default_max_position: Decimal = rule.number("base", default="0.1", above=0, most=1_000_000_000)
    max_per_symbol: Mapping[str, Decimal] = field(
        default_factory=dict, metadata={"rule": rule.Rule("numbers", "base", Decimal(0), None, Decimal(10**9))}
    )
    max_order_size: Decimal = rule.number("base", default="0.05", above=0, most=1_000_000_000)
    max_open_orders: int = rule.integer(default=20, least=1, most=10_000)
    price_collar_bps: Decimal = rule.number(
        "bps", default=200, above=0, most=5000, help_high="5000 bps is half the price"
    )
    book_age_ms_max: int = rule.integer("ms", default=2000, least=50, most=60_000)
    book_lag_ms_max: int = rule.integer("ms", default=2000, least=0, most=600_000)
    book_side_age_ms_max: int = rule.integer("ms", default=2000, least=0, most=600_000)
    jump_bps_max: Decimal = rule.number("bps", default=200, least=0, most=5000, help_high="5000 bps is half the price")
    private_down_ms_max: int = rule.integer("ms", default=3000, least=0, most=60_000)
    liquidation_distance_min_bps: Decimal = rule.number("bps", default=300, least=0, most=5000)

    def position_max(self, symbol: str) -> Decimal:
        """The cap on the worst-case position in `symbol`, in units of its base."""
        return self.max_per_symbol.get(symbol, self.default_max_position)


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSettings:
    """`[kill]`: what brings which step of the kill ladder by itself; see `docs/kill_ladder.md`.

    A step is one of those of `mm kill` but pause-side, "off" for none, and for what is silent "pull": the quotes are
    taken away while it lasts, as `[limits]` says. drawdown_usd: of the profit from its peak; day_loss_usd: since 00:00
    UTC, restarts included; debt_usd: not hedged, of one desk; errors_per_minute, rejects_per_minute:
    alarms, and orders or changes that venues refused; refusals_in_a_row: of one side of a symbol for one reason, after
    which that side is paused; loop_blocked_ms: this process stood still; disk_free_mb: left
    where the state is; descriptors_free: how many more files and sockets the process may open; 0: never. breach_step:
    more is held than a limit allows; widen_factor: of the distance from the fair price in the step widen.
    """

    widen_factor: Decimal = rule.number(default=3, above=1, most=100)
    drawdown_usd: Decimal = rule.number("usd", default=1000, least=0, most=1_000_000_000)
    drawdown_step: str = rule.choice(*BY_ITSELF, default="cancel")
    day_loss_usd: Decimal = rule.number("usd", default=2000, least=0, most=1_000_000_000)
    day_loss_step: str = rule.choice(*BY_ITSELF, default="cancel")
    debt_usd: Decimal = rule.number("usd", default=10_000, least=0, most=1_000_000_000)
    debt_step: str = rule.choice(*BY_ITSELF, default="reduce-only")
    breach_step: str = rule.choice(*BY_ITSELF, default="reduce-only")
    errors_per_minute: int = rule.integer(default=120, least=0, most=10_000)
    errors_step: str = rule.choice(*BY_ITSELF, default="cancel")
    rejects_per_minute: int = rule.integer(default=120, least=0, most=10_000)
    rejects_step: str = rule.choice(*BY_ITSELF, default="cancel")
    refusals_in_a_row: int = rule.integer(default=10, least=0, most=1000)
    stale_book_step: str = rule.choice(PULL, *BY_ITSELF, default=PULL)
    private_down_step: str = rule.choice(PULL, *BY_ITSELF, default=PULL)
    clock_offset_step: str = rule.choice(PULL, *BY_ITSELF, default=PULL)
    loop_blocked_ms: int = rule.integer("ms", default=500, least=0, most=60_000)
    loop_blocked_step: str = rule.choice(PULL, *BY_ITSELF, default=PULL)
    disk_free_mb: int = rule.integer(default=100, least=0, most=1_000_000)
    disk_step: str = rule.choice(*BY_ITSELF, default="cancel")
    descriptors_free: int = rule.integer(default=24, least=0, most=100_000)
    descriptors_step: str = rule.choice(*BY_ITSELF, default="cancel")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketMakerParameters:
    """The knobs of `kind = "market_maker"`.

    spread_bps: between the two best quotes, whole width; min_spread_bps: never closer than this whatever the model
    says; quote_size: of each order at the first level, base units; levels: orders a side; level_step_bps: between
    levels; level_size_factor: size of each level over the one before; max_position: the strategy stops adding there,
    base units; inventory_skew_factor: 0 none, 1 a full position moves both quotes by one half spread; inventory: what
    the skew leans against, "net" what all venues hold of the asset together, "venue" this market's position; without it
    net where the fills are hedged, venue where not; refresh_interval_ms: between re-quotes, 0 at every change;
    refresh_tolerance_bps: a quote this close to where it should be keeps its place in the queue; post_only: refuse to
    take; max_order_age_s: an older order is renewed, 0 never; filled_order_delay_ms: pause of a side after a fill.
    """

    spread_bps: Decimal = rule.number("bps", least="0.001", most=1000, help_low=FRACTION, help_high=PERCENT)
    min_spread_bps: Decimal = rule.number("bps", default=0, least=0, most=1000, help_high=PERCENT)
    quote_size: Decimal = rule.number("base", above=0, most=1_000_000_000)
    levels: int = rule.integer(default=1, least=1, most=50)
    level_step_bps: Decimal = rule.number("bps", default=1, above=0, most=1000, help_high=PERCENT)
    level_size_factor: Decimal = rule.number(default=1, least="0.01", most=100)
    max_position: Decimal = rule.number("base", above=0, most=1_000_000_000)
    inventory_skew_factor: Decimal = rule.number(default="0.5", least=0, most=10)
    inventory: str = rule.choice("net", "venue", default="")
    refresh_interval_ms: int = rule.integer("ms", default=100, least=0, most=3_600_000)
    refresh_tolerance_bps: Decimal = rule.number("bps", default="0.5", least=0, most=1000, help_high=PERCENT)
    post_only: bool = rule.boolean(default=True)
    max_order_age_s: Decimal = rule.number("s", default=600, least=0, most=604_800)
    filled_order_delay_ms: int = rule.integer("ms", default=0, least=0, most=3_600_000)

    def open_size(self) -> Decimal:
        """The sum of one side's orders, base units."""
        return sum((self.quote_size * self.level_size_factor**level for level in range(self.levels)), Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the user chose, whole and checked; `warnings` are sentences to show before the run."""

    run: RunSettings
    venues: dict[str, VenueSettings]
    strategies: dict[str, StrategySettings]
    limits: LimitSettings
    kill: KillSettings = field(default_factory=KillSettings)
    hedging: dict[str, HedgeSettings] = field(default_factory=dict)
    conversion: dict[str, ConversionSettings] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
