"""Fuzz the native readers of foreign bytes with libFuzzer: decoders, numbers and the journal.

    python tools/fuzz_native.py --seconds 10              each target so long, as many at once as there are cores
    python tools/fuzz_native.py --seconds 3600 json time  two of them, for an hour each
    python tools/fuzz_native.py --input FILE json         one input again, for what was found

A target is a file of `rust/fuzz/targets` that holds its reader to a twin or to what it promises. Inputs begin with the
recorded messages of `tests/exchanges/data` and are kept in `build/fuzz/TARGET`, so that the next run goes on from them.
An input that breaks a promise, crashes, or takes longer than its bound ends the run with status 1 and stays there.
The last line is JSON. Stable Rust is enough; without a C++ compiler, which libFuzzer needs, it says so and ends.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
CRATE: Final = ROOT / "rust" / "fuzz"
KEPT: Final = ROOT / "build" / "fuzz"
TARGET_DIR: Final = ROOT / "target" / "fuzz"
DATA: Final = ROOT / "tests" / "exchanges" / "data"
COVERAGE: Final = (
    "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 "
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters "
    "-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
)
"""What makes the code tell libFuzzer where it has been."""
INPUT_S_MAX: Final = 1
"""libFuzzer counts whole seconds. What takes 50 ms and more is told beside."""
MEMORY_MB_MAX: Final = 1024
LENGTH_MAX: Final = 4096
FRAMES_MAX: Final = 6
STATUS: Final = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+)")
SLOWEST: Final = re.compile(r"stat::slowest_unit_time_sec: +(\d+)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one target: how many inputs ran, how many edges of the code they reached, and what was found, "" nothing."""

    target: str
    runs: int
    edges: int
    found: str


def main(argv: Sequence[str]) -> int:
    """Return 0 when nothing was found."""
    arguments = _parser().parse_args(argv)
    if not any(map(shutil.which, ("c++", "g++", "clang++"))):
        print("there is no C++ compiler, which libFuzzer needs: the native fuzzing is left out")
        return 0
    known = sorted(path.stem for path in (CRATE / "targets").glob("*.rs"))
    if unknown := sorted(set(arguments.targets) - set(known)):
        print(f"no target {', '.join(unknown)}: there are {', '.join(known)}", file=sys.stderr)
        return 2
    programs = _build()
    targets = arguments.targets or known
    if arguments.input:
        return max(subprocess.run([programs / name, arguments.input], check=False).returncode for name in targets)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(lambda name: _run(programs / name, arguments.seconds), targets))
    for outcome in outcomes:
        verdict = outcome.found or "nothing found"
        print(f"{outcome.target:<18} {outcome.runs:>12,} inputs {outcome.edges:>6} edges  {verdict}")
    is_well = not any(outcome.found for outcome in outcomes)
    print(json.dumps({"ok": is_well, "seconds": arguments.seconds, "targets": [asdict(each) for each in outcomes]}))
    return 0 if is_well else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="default: all")
    parser.add_argument("--seconds", type=int, default=10, help="for each target (default: 10)")
    parser.add_argument("--input", type=Path, help="run one input alone")
    return parser


def _build() -> Path:
    """Build every target; returns the folder of the programs."""
    told = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    host = next(line.removeprefix("host: ") for line in told.splitlines() if line.startswith("host: "))
    # With a target named, the flags do not reach build scripts, which have nobody to tell where they have been.
    command = ["cargo", "build", "-q", "--release", "--target", host, "--target-dir", str(TARGET_DIR)]
    subprocess.run(command, cwd=CRATE, check=True, env=os.environ | {"RUSTFLAGS": COVERAGE})
    return TARGET_DIR / host / "release"


def _run(program: Path, seconds: int) -> Outcome:
    kept = KEPT / program.name
    found = KEPT / f"{program.name}-found"
    for folder in (kept, found):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(_seeds(program.name)):
        (kept / f"seed-{number:03}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={INPUT_S_MAX}",
        f"-rss_limit_mb={MEMORY_MB_MAX}",
        f"-max_len={LENGTH_MAX}",
        f"-artifact_prefix={found}/",
        "-print_final_stats=1",
        "-report_slow_units=1",
    ]
    done = subprocess.run([program, *options, kept], check=False, capture_output=True)
    text = done.stderr.decode("utf-8", "replace")
    statuses = STATUS.findall(text) or [("0", "0")]
    what = ""
    if done.returncode:
        panic = re.search(r"panicked at (.*(?:\n.*)?)", text)
        what = f"status {done.returncode}: {panic.group(1) if panic else text[-300:]} (inputs in {found})"
    elif (slow := SLOWEST.search(text)) and int(slow.group(1)) >= INPUT_S_MAX:
        what = f"an input takes {slow.group(1)} s"
    return Outcome(program.name, int(statuses[-1][0]), int(statuses[-1][1]), what)


# --- what the inputs begin with ---------------------------------------------------------------------------------------


def _seeds(target: str) -> Iterator[bytes]:
    if target == "kraken_book":
        for path in sorted((DATA / "kraken").rglob("*.ndjson")):
            yield _joined(path.read_bytes().splitlines()[:FRAMES_MAX])
        for path in sorted((DATA / "kraken" / "checksum").glob("l2*.json")):
            yield _plain(json.loads(path.read_bytes()))
    elif target == "mexc_book":
        for path in sorted((DATA / "mexc_spot").glob("depth_sequence*.json")):
            told = json.loads(path.read_bytes())
            snapshot = b"snapshot ETHUSDT\n" + _plain(told["snapshot"]["body"])
            yield _joined([snapshot, *(bytes.fromhex(frame["hex"]) for frame in told["frames"][:FRAMES_MAX])])
    elif target == "mexc_futures_book":
        for path in sorted((DATA / "mexc_futures").glob("depth_sequence*.json")):
            told = json.loads(path.read_bytes())
            snapshot = b"snapshot ETH_USDT\n" + _plain(told["snapshot"])
            yield _joined([snapshot, *(frame["text"].encode() for frame in told["frames"][:FRAMES_MAX])])
    elif target in ("mexc_push", "protobuf"):
        for path in sorted((DATA / "mexc_spot" / "pushes").glob("*.json")):
            yield bytes.fromhex(json.loads(path.read_bytes())["hex"])
    elif target == "json":
        for path in sorted(DATA.rglob("*.json")):
            if path.stat().st_size <= LENGTH_MAX:
                yield _plain(json.loads(path.read_bytes()))
    elif target == "decimal":
        for number in ("0", "0.1", "64525.0", "0.53807066", "1e-8", "9.3E+2", "92233720368547.7", "00.1", "1.", "-1"):
            yield b"\x08" + number.encode()
    elif target == "time":
        for moment in ("2026-07-19T17:54:39.753424Z", "2024-02-29T23:59:60+02:00", "1969-12-31 23:59:59Z"):
            yield moment.encode()
    else:
        yield bytes(range(256))


def _plain(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _joined(frames: Sequence[bytes]) -> bytes:
    """Frames in one input, as `mm_fuzz::frames` takes them apart."""
    return b"\xff\x01".join(frame.replace(b"\xff", b"\xff\x00") for frame in frames)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
