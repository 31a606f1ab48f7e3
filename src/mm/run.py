"""`python -m mm.run`: arguments to settings, settings to a world, a world to a run, and the run to an honest end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mm.unbroken  # noqa: F401  # before anything that reads JSON
from mm.arguments import overrides, parser
from mm.config import Environment, Secret, Settings, SettingsError, VenueSettings, load
from mm.config.environment import process_environment
from mm.errors import ConfigError
from mm.stopping import Exit

if TYPE_CHECKING:
    from mm.engine.recovery import Recovery
    from mm.live.bot import Bot
    from mm.live.operating import Operating
    from mm.live.signals import Signals
    from mm.live.supervisor import Supervisor
    from mm.persistence.journal import EventJournal
    from mm.persistence.recorder import FileRecorder
    from mm.persistence.state import StateFolder
    from mm.screen.view import View
    from mm.simulator.world import World

SIMULATED = "kraken"
"""The venue that --rest-url and its like are about."""
MEGABYTE = 1_000_000
PACKAGES = "nothing was sent: install these packages anew, or see `mm packages` and run.packages"
INTERRUPTED = "interrupted before the run began: this start placed nothing; orders of an earlier one may be left"


def main(argv: Sequence[str] | None = None) -> int:
    """Run until stopped; returns the exit code."""
    from mm.live.signals import Signals

    with Signals() as signals:
        try:
            return _main(argv, signals)
        except KeyboardInterrupt:
            return _refuse(INTERRUPTED, Exit.UNREACHABLE)


def _main(argv: Sequence[str] | None, signals: Signals) -> int:
    arguments = parser().parse_args(argv)
    try:
        settings = _settings(arguments)
        check_world(settings, arguments.live)
    except (SettingsError, ConfigError) as error:
        return _refuse(error)
    try:
        return run_settings(settings, lambda path: _settings(arguments, path), as_json=arguments.json, signals=signals)
    except Exception as error:  # noqa: BLE001  # the last resort before the run: a sentence and a report, no secret
        return _refuse(_told(error, Path(settings.run.state), "start", settings), Exit.UNREACHABLE)


def _refuse(error: object, code: Exit = Exit.USAGE) -> Exit:
    print(error, file=sys.stderr)
    return code


def _settings(arguments: Any, path: Path | None = None) -> Settings:  # Any: argparse's namespace
    """What the file (that of the command line unless another is named), environment and command line say."""
    from mm.exchanges import find
    from mm.exchanges.discovery import entry_maker_fee_bps
    from mm.inventory.hedging import parameters_of as policies_of
    from mm.strategies import parameters_of

    environment = Environment(process_environment(), arguments.env_file)
    file = path if path is not None else arguments.config
    chosen = overrides(arguments, SIMULATED, _only_strategy(file))
    return load(
        file,
        environment,
        chosen,
        parameters_of,
        policies_of,
        lambda venue: entry_maker_fee_bps(venue.name, venue.package),
        find,
        simulated_symbols,
    )


def simulated_symbols(venue: VenueSettings) -> tuple[str, ...]:
    """Every symbol that a venue has in simulation, none where its counterpart is another package's: nothing of that
    runs here."""
    from mm.simulator.kinds import symbols_of

    return () if venue.package else symbols_of(venue.name)


def _only_strategy(path: Path | None) -> str:
    """The strategy that --symbol means: the only one of the file."""
    import tomllib

    from mm.config.load import DEFAULT, bounded

    try:
        names = list(tomllib.loads(bounded(path or DEFAULT).decode("utf-8-sig")).get("strategies", {}))
    except (OSError, ValueError, RecursionError):
        return "strategy"  # The reader of the configuration says what is wrong with the file.
    return names[0] if len(names) == 1 else "strategy"


def check_world(settings: Settings, is_meant: bool) -> None:
    """Raise ConfigError for a world that cannot be run. is_meant: --live was given."""
    from mm.exchanges import find

    for name, venue in settings.venues.items():
        face = find(name, venue.package)
        keys = [key for key in ("leverage", "position_mode", "margin_mode") if getattr(venue, key)]
        if keys and face.capabilities.margin:
            face.trading_mode(venue.position_mode, venue.margin_mode, venue.leverage)
        elif keys:
            raise ConfigError(f"venues.{name}.{keys[0]}", "", "no such key", f"{name} has no positions with margin")
    if settings.run.world == "live":
        if not is_meant:
            raise ConfigError(
                "run.world",
                "",
                "--live beside world live",
                "it trades with real money: add --live to say that you mean it, or use --world sim",
            )
        return
    if is_meant:
        raise ConfigError(
            "--live",
            "command line",
            "world live beside it",
            f'run.world is "{settings.run.world}", which trades nothing real: for real money add --world live '
            '(or world = "live" under [run]); for the simulation leave out --live',
        )
    for name, venue in settings.venues.items():
        if not _has_counterpart(_counterpart(venue)):
            wanted = f"a venue with a simulated counterpart ({_counterpart(venue)}) in world sim"
            raise ConfigError(f"venues.{name}", "", wanted, "see docs/adding_a_venue.md, or use another world")
        if venue.rest_url or venue.ws_url or venue.ws_auth_url:
            raise ConfigError(
                f"venues.{name}.rest_url",
                "",
                "no addresses in world sim, which starts its own venue",
                "for a simulator that runs already use --world live --live with its addresses and its key",
            )


def _counterpart(venue: VenueSettings) -> str:
    """The module of a venue's simulated counterpart."""
    return f"{venue.package}.simulated" if venue.package else f"mm.simulator.{venue.name}"


def _hosted_as(venue: VenueSettings) -> str:
    """What the simulator calls a venue."""
    return _counterpart(venue) if venue.package else venue.name


def _has_counterpart(module: str) -> bool:
    """Whether a module is there; nothing of it runs here."""
    try:
        return find_spec(module) is not None
    except ImportError:
        return False


def run_settings(
    settings: Settings,
    read: Callable[[Path | None], Settings],
    *,
    as_json: bool = False,
    shown: Callable[[View], View] = lambda view: view,
    begun: Callable[[Supervisor], None] = lambda supervisor: None,
    signals: Signals | None = None,
) -> Exit:
    """Run checked settings to the end; returns the exit code.

    read: the settings of a file for `mm reload`, None for the run's own, or raises SettingsError; shown: what takes the
    news instead of the usual view, which it is given; begun: called when the run can be asked to stop; signals: of
    a caller who has them already.
    """
    from mm._core import JournalError, journal_epoch
    from mm.live.keylock import KeyLocks
    from mm.live.operating import Operating
    from mm.live.recovering import read_back
    from mm.live.signals import Signals
    from mm.persistence.logfile import LogFile
    from mm.persistence.recorder import FileRecorder, RecorderError
    from mm.persistence.state import StateFolder
    from mm.screen.logged import LoggedView
    from mm.screen.output import Output
    from mm.simulator.world import LaunchError

    found = _packages(settings)
    if found and settings.run.packages == "check":
        return _refuse("\n".join([*found, PACKAGES]))
    try:
        folder = StateFolder(Path(settings.run.state))
    except ConfigError as error:
        return _refuse(error)
    output = Output()
    code: Exit | None = None
    loaded = settings
    heard = contextlib.ExitStack()
    # Last: whoever takes the folder when it is free needs the keys as well.
    heard.callback(folder.close)
    try:
        if signals is None:
            signals = heard.enter_context(Signals())
        labels: tuple[str, ...] = ()
        if settings.run.world == "sim":
            settings, labels = _simulation(settings, folder.path)
        # A copied folder has a lock of its own, and the same account.
        heard.callback(KeyLocks(settings.venues.values()).close)
        bytes_max = settings.run.log_mb_max * MEGABYTE
        log = LogFile(folder.logs, bytes_max, owns=folder.owns) if bytes_max else None
        view = LoggedView(shown(_view(output, as_json, settings)), log)
        heard.callback(view.close)
        for warning in (*settings.warnings, *found):
            view.say(f"warning: {warning}")
        for label in labels:
            view.say(label)
        if folder.last_recording() is not None and settings.run.journal == "off":
            view.say(
                "note: position, profit and position limits count from this start; what earlier starts bought or sold "
                "is in the account's balances"
            )
        if report := folder.watchdog_report():
            view.say(f"note: the watchdog of an earlier start: {report}")
        floor = journal_epoch(str(folder.journal))
        is_first = not floor and folder.is_unused()
        epoch = folder.next_epoch(int(time.time()), floor=floor)
        journal = _journal(settings.run.journal, folder.journal, epoch, view)
        try:
            recovery = read_back(journal, settings) if journal is not None else None
        except (JournalError, ConfigError):
            if journal is not None:
                journal.close(time.time_ns(), time.monotonic_ns())
            raise
        path = folder.new_recording(epoch)
        recorder = FileRecorder(path, build=_build(), created_ns=time.time_ns(), journal=journal)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:

            def operating(bot: Bot) -> Operating:
                return Operating(bot, loaded, read)

            work = _live(
                folder, settings, recorder, view, labels, epoch, operating, begun, journal, recovery, signals, is_first
            )
            code = runner.run(work)
        return code  # noqa: RET504  # read below, too
    except KeyboardInterrupt:
        # The run's last word, once spoken, holds.
        return _refuse(INTERRUPTED, Exit.UNREACHABLE) if code is None else code
    except (ConfigError, RecorderError, JournalError) as error:
        return _refuse(error)
    except LaunchError as error:
        return _refuse(error, Exit.UNREACHABLE)
    finally:
        output.close()
        heard.close()


def _packages(settings: Settings) -> list[str]:
    """What is wrong with what is installed, where that counts."""
    if settings.run.world != "live" and not settings.run.package_pins:
        return []
    from mm.packages import problems

    return problems(settings.run.packages, settings.run.package_pins)


def _journal(policy: str, folder: Path, epoch: int, view: View) -> EventJournal | None:
    from mm.persistence.journal import POLICIES, EventJournal

    if policy not in POLICIES:
        return None
    journal = EventJournal(folder, epoch=epoch, build=_build(), now_ns=time.time_ns(), policy=policy)
    for notice in journal.notices:
        view.say(f"note: the journal: {notice}")
    return journal


async def _live(
    folder: StateFolder,
    settings: Settings,
    recorder: FileRecorder,
    view: View,
    labels: tuple[str, ...],
    epoch: int,
    operating: Callable[[Bot], Operating],
    begun: Callable[[Supervisor], None],
    journal: EventJournal | None,
    recovery: Recovery | None,
    signals: Signals,
    is_first: bool,
) -> Exit:
    from mm.engine.ladder import told as told_latch
    from mm.live.bot import Bot
    from mm.live.control import Control
    from mm.live.recovering import told
    from mm.live.reopening import Reopening
    from mm.live.snapshots import Snapshots
    from mm.live.supervisor import Supervisor
    from mm.persistence.recorder import RecorderError

    state = folder.path
    bot = Bot(settings, recorder, epoch=epoch, recovery=recovery, owns=folder.owns)
    if recovery is not None:
        for line in told(recovery, bot.engine):
            view.say(f"note: {line}")
    supervisor = Supervisor(
        bot,
        view,
        labels=labels,
        seconds=float(settings.run.seconds),
        told=lambda error: _told(error, state, f"{epoch:08d}", settings),
        is_first=is_first,
    )
    if journal is not None:
        behind = recovery.events if recovery is not None else 0
        # With the start of this run.
        supervisor.snapshots = Snapshots(bot.engine, journal, behind=behind + 1, say=view.say)
        supervisor.reopening = Reopening(bot.engine, recorder, journal, say=view.say)
    for latch in bot.take_latches():
        view.say(told_latch(latch))
    signals.hand_to(asyncio.get_running_loop(), supervisor.ask_to_stop)
    begun(supervisor)
    control = Control(state, {**operating(bot).commands(), **supervisor.commands()}, folder.hold)
    try:
        await control.start()
    except OSError as error:
        view.say(f"Nobody can speak to this run but by signals (mm pause, mm reload and their like): {error}")
    try:
        return await supervisor.run()
    except Exception as error:  # noqa: BLE001  # the end itself has failed: nothing is proven
        report = _told(error, state, f"{epoch:08d}", settings)
        return _refuse(f"{report}\nOWN ORDERS MAY BE LEFT AT THE VENUE: look there and cancel them", Exit.LEFT)
    finally:
        signals.end()
        await control.stop()
        if supervisor.snapshots is not None and bot.failure is None and not recorder.failed:
            supervisor.snapshots.take(time.time_ns())
        try:
            recorder.close()
        except RecorderError as error:
            view.say(f"The end of the recording is missing: {error}")


def _told(error: BaseException, state: Path, name: str, settings: Settings) -> str:
    """Keep the traceback in the state folder; returns a sentence. Neither holds a secret."""
    from mm.config.secret import secrets_of
    from mm.persistence.crash import redact, write_crash

    secrets = [secret.reveal() for venue in settings.venues.values() for secret in venue.secrets()]
    if settings.run.store_url is not None:
        secrets += secrets_of(settings.run.store_url)
    path = write_crash(state, name, error, secrets)
    text = redact(f"{type(error).__name__}: {error}", secrets)
    return f"fault of the program or its machine: {text}" + (f" (report: {path})" if path is not None else "")


def _simulation(settings: Settings, state: Path) -> tuple[Settings, tuple[str, ...]]:
    """Find the simulator of the state folder or start one; returns settings that lead to it, and what it is."""
    from mm.simulator.world import find, launch

    # Kraken first, where it is: its address stands outside of the others.
    names = tuple(sorted(settings.venues, key=lambda name: name != SIMULATED))
    hosted_as = tuple(_hosted_as(settings.venues[name]) for name in names)
    first = settings.venues[names[0]]
    world = find(state)
    labels: tuple[str, ...] = ()
    if world is None:
        world = launch(
            state,
            seed=settings.run.seed,
            speed=float(settings.run.replay_speed),
            tier=first.tier,
            venues=hosted_as,
            hooks=_outages(settings, state),
            extra=("--funding-seconds", f"{settings.run.funding_s:f}"),
        )
        if settings.run.outage_s:
            from mm.screen.amounts import venue_title

            labels = (
                f"{venue_title(_cut_off(settings))} is cut off for {settings.run.outage_s:g} s every "
                f"{settings.run.outage_every_s:g} s, to see what becomes of orders and debts (run.outage_s)",
            )
    else:
        labels = (f"The simulator was running already (process {world.pid}) and goes on with the account as it is",)
        asked = f"seed {settings.run.seed}, tier {first.tier}, {settings.run.replay_speed:g}x"
        labels += (f"It keeps the seed, tier and speed that it was started with; this run asked for {asked}",)
    if missing := [name for name in names if name not in world.venues]:
        raise ConfigError(
            f"venues.{missing[0]}",
            "",
            f"one of {', '.join(world.venues)}, which the simulator on {state} hosts",
            f"end it (kill {world.pid}) or take another --state",
        )
    venues = {}
    for name in names:
        hosted = world.venues[name]
        venue = replace(
            settings.venues[name],
            rest_url=hosted.rest_url,
            ws_url=hosted.ws_url,
            ws_auth_url=hosted.ws_auth_url,
            api_key=Secret(hosted.api_key),
            api_secret=Secret(hosted.api_secret),
        )
        if venue.watchdog_api_key is not None:
            key, secret = map(Secret, hosted.second_key)
            venue = replace(venue, watchdog_api_key=key, watchdog_api_secret=secret)
        venues[name] = venue
    return replace(settings, venues=venues), (*_labels(world), *labels)


def _outages(settings: Settings, state: Path) -> Path | None:
    """Write the fault hooks of the simulation that is about to start; None without any."""
    import json

    run = settings.run
    if not run.outage_s:
        return None
    rule = {"on": "clock", "action": "outage", "at_s": float(run.outage_every_s) / 2}
    rule |= {"every_s": float(run.outage_every_s), "duration_s": float(run.outage_s)}
    path = state / "outages.json"
    path.write_text(json.dumps({_cut_off(settings): [rule]}))
    return path


def _cut_off(settings: Settings) -> str:
    """The venue that a simulated outage hits: one that is hedged on, if there is one."""
    hedge = next(iter(settings.hedging.values()), None)
    return hedge.hedge if hedge is not None else next(iter(settings.venues))


def _labels(world: World) -> tuple[str, ...]:
    if len(world.venues) == 1:
        return (f"Market: {world.market}", f"Account: simulated, {world.fees}, rate tier {world.tier}")
    from mm.screen.amounts import venue_title

    venues = [(venue_title(name), venue) for name, venue in world.venues.items()]
    first = re.split("[,;] ", world.market)
    others = []
    for name, venue in venues:
        if venue.market != world.market:
            own = [part for part in re.split("[,;] ", venue.market) if part not in first]
            others.append(f"{name} {', '.join(own)}")
    # First, and short: it is the one row that a low terminal keeps.
    return (
        f"One recording, no basis: {', '.join(name for name, _ in venues)} (hedging is easier here than anywhere)",
        f"Market: {world.market}",
        f"The same recording: {'; '.join(others)}",
        f"Simulated accounts: {'; '.join(f'{name} {venue.fees}' for name, venue in venues)}",
    )


def _view(output: Any, as_json: bool, settings: Settings) -> View:
    from mm.exchanges.discovery import title
    from mm.screen.amounts import call_venue
    from mm.screen.view import JsonView, PlainView, TerminalView

    for name, venue in settings.venues.items():
        call_venue(name, title(name, venue.package))
    log_level = settings.run.log_level
    if as_json:
        return JsonView(output, log_level)
    if os.isatty(1) and os.environ.get("TERM", "dumb") != "dumb" and log_level == "info":
        return TerminalView(output, has_colour="NO_COLOR" not in os.environ)
    return PlainView(output, log_level)


def _build() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"mm {version('mm')}"
    except PackageNotFoundError:
        return "mm unknown"


def _loop_factory() -> Any:  # Any: uvloop's factory or asyncio's
    """uvloop's loop where there is one, else asyncio's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


if __name__ == "__main__":
    sys.exit(main())
