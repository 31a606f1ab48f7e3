"""`python -m mm.run`: arguments to settings, settings to a world, a world to a run, and the run to an honest end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mm.arguments import overrides, parser
from mm.config import Environment, Secret, Settings, SettingsError, load
from mm.config.environment import process_environment
from mm.errors import ConfigError
from mm.stopping import Exit

if TYPE_CHECKING:
    from mm.screen.view import View
    from mm.simulator.world import World


def main(argv: Sequence[str] | None = None) -> int:
    """Run until stopped; returns the exit code."""
    arguments = parser().parse_args(argv)
    try:
        settings = _settings(arguments)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return Exit.USAGE
    if settings.run.world == "live" and not arguments.live:
        print(
            'world "live" trades with real money: add --live to say that you mean it, or use --world sim',
            file=sys.stderr,
        )
        return Exit.USAGE
    return _run(settings, arguments.json)


def _settings(arguments: Any) -> Settings:  # Any: argparse's namespace
    from mm.strategies import parameters_of

    environment = Environment(process_environment(), arguments.env_file)
    chosen = overrides(arguments, "kraken", _only_strategy(arguments.config))
    return load(arguments.config, environment, chosen, parameters_of)


def _only_strategy(path: Path | None) -> str:
    """The strategy that --symbol means: the only one of the file."""
    import tomllib

    from mm.config.load import DEFAULT

    try:
        names = list(tomllib.loads((path or DEFAULT).read_text("utf-8")).get("strategies", {}))
    except (OSError, ValueError):
        return "strategy"  # The reader of the configuration says what is wrong with the file.
    return names[0] if len(names) == 1 else "strategy"


def _run(settings: Settings, as_json: bool) -> int:
    from mm.persistence.recorder import FileRecorder, RecorderError
    from mm.persistence.state import StateFolder
    from mm.screen.output import Output
    from mm.simulator.world import LaunchError

    try:
        folder = StateFolder(Path(settings.run.state))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return Exit.USAGE
    output = Output()
    view = _view(output, as_json, settings.run.log_level)
    try:
        labels: tuple[str, ...] = ()
        if settings.run.world == "sim":
            settings, labels = _simulation(settings, folder.path)
        for warning in settings.warnings:
            view.say(f"warning: {warning}")
        for label in labels:
            view.say(label)
        epoch = folder.next_epoch()
        import time

        recorder = FileRecorder(folder.new_recording(epoch), build=_build(), created_ns=time.time_ns())
        return int(_loop_runner()(_live(settings, recorder, view, labels, epoch)))
    except (ConfigError, LaunchError, RecorderError) as error:
        view.say(str(error))
        return Exit.UNREACHABLE if isinstance(error, LaunchError) else Exit.USAGE
    finally:
        output.close()
        folder.close()


async def _live(settings: Settings, recorder: Any, view: View, labels: tuple[str, ...], epoch: int) -> Exit:
    from mm.live.bot import Bot
    from mm.live.supervisor import Supervisor

    bot = Bot(settings, recorder, epoch=epoch)
    supervisor = Supervisor(bot, view, labels=labels, seconds=float(settings.run.seconds))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, supervisor.ask_to_stop, signal.Signals(number).name)
    try:
        return await supervisor.run()
    finally:
        recorder.close()


def _simulation(settings: Settings, state: Path) -> tuple[Settings, tuple[str, ...]]:
    """Find the simulator of the state folder or start one; returns settings that lead to it, and what it is."""
    from mm.simulator.world import find, launch

    (name,) = settings.venues
    venue = settings.venues[name]
    if venue.rest_url:
        return settings, (f"simulated venue at {venue.rest_url}",)
    world = find(state) or launch(
        state, seed=settings.run.seed, speed=float(settings.run.replay_speed), tier=venue.tier
    )
    venue = replace(
        venue,
        rest_url=world.rest_url,
        ws_url=world.ws_url,
        ws_auth_url=world.ws_auth_url,
        api_key=Secret(world.api_key),
        api_secret=Secret(world.api_secret),
    )
    return replace(settings, venues={name: venue}), _labels(world)


def _labels(world: World) -> tuple[str, ...]:
    return (f"Market: {world.market}", f"Account: simulated, {world.fees}, rate tier {world.tier}")


def _view(output: Any, as_json: bool, log_level: str) -> View:
    from mm.screen.view import JsonView, PlainView, TerminalView

    if as_json:
        return JsonView(output, log_level)
    if os.isatty(1) and os.environ.get("TERM", "dumb") != "dumb" and log_level == "info":
        return TerminalView(output)
    return PlainView(output, log_level)


def _build() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"mm {version('mm')}"
    except PackageNotFoundError:
        return "mm unknown"


def _loop_runner() -> Any:
    """uvloop's runner where there is one, else asyncio's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run


if __name__ == "__main__":
    sys.exit(main())
