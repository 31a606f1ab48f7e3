"""F98: with a package that was tampered with, or that nobody allowed, no order is sent, by the venue's ledger.

The installed packages are copied to a folder of their own, spoilt there, and a live start finds them instead of the
usual ones.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mm
from mm.config import Secret
from mm.config.secret import fingerprint
from mm.packages import PROGRAM, _installed, _needed, allowed, check, pins, unpinned
from mm.simulator.world import launch

PATIENCE_S = 60
ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(mm.__file__).parents[1]
LIVE = """
[run]
world = "live"
state = "{state}"
seconds = 8
watchdog_s = 0
{pins}

[venues.kraken]
tier = "pro"
rest_url = "{rest}"
ws_url = "{ws}"
ws_auth_url = "{auth}"
account_fingerprint = "{fingerprint}"
accept_account_wide_timer = true

[strategies.btc]
kind = "market_maker"
venue = "kraken"
symbol = "BTC/USD"
spread_bps = 0.5
quote_size = 0.005
max_position = 0.02

[limits]
max_total_exposure_usd = 20_000
max_per_symbol = {{ "BTC/USD" = 0.1 }}
max_order_size = 0.02
"""


def linked(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture
def packages(tmp_path):
    """A copy of what a run needs, in links: whoever changes a file replaces it."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for each in _needed(_installed(list(sys.path)), []).values():
        root = Path(str(each.locate_file(""))).resolve()
        for file in each.files:
            if ".." not in file.parts and (root / file).exists() and "__pycache__" not in file.parts:
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                linked(root / file, target)
    return folder


def spoil(path, change):
    """Other contents under the same name."""
    contents = change(path.read_bytes())
    path.unlink()
    path.write_bytes(contents)


def native(folder):
    return next(iter(sorted((folder / "orjson").glob("orjson*.so"))))


def a_byte(contents):
    return contents[:-1] + bytes([contents[-1] ^ 1])


def of_native(folder):
    spoil(native(folder), a_byte)


def of_record_too(folder):
    """What another wheel brings: its record agrees with its files."""
    of_native(folder)
    path = native(folder)
    code = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
    record = next(folder.glob("orjson-*.dist-info")) / "RECORD"

    def change(contents):
        row = f"{path.relative_to(folder)},"
        lines = contents.decode().splitlines()
        return "\n".join(f"{row}sha256={code},1" if line.startswith(row) else line for line in lines).encode()

    spoil(record, change)


def extra(folder):
    """A package with a name that is nearly known, needed by one that was always there."""
    other = folder / "pic0ws-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: pic0ws\nVersion: 1.0\n")
    (folder / "pic0ws.py").write_text("")
    code = base64.urlsafe_b64encode(hashlib.sha256(b"").digest()).rstrip(b"=").decode()
    (other / "RECORD").write_text(f"pic0ws.py,sha256={code},0\n")
    metadata = next(folder.glob("uvloop-*.dist-info")) / "METADATA"
    spoil(metadata, lambda contents: contents.replace(b"\nName: uvloop\n", b"\nName: uvloop\nRequires-Dist: pic0ws\n"))


def laid_in(folder):
    (folder / "picows" / "helper.py").write_text("import os\n")


def at_the_start(folder):
    (folder / "zz.pth").write_text("import os, sys\n")


def instead(folder):
    """A module of the same name, further to the front of the path."""
    front = folder.parent / "front"
    front.mkdir()
    (front / "orjson.py").write_text("")
    return [str(front), str(folder)]


def gone(folder):
    (folder / "multidict" / "__init__.py").unlink()


SPOILT = {
    "a native module": (of_native, "orjson: orjson/orjson"),
    "an extra package": (extra, "pic0ws: it is not on the list of allowed packages"),
    "a module laid in": (laid_in, "picows: picows/helper.py was not installed with it"),
    "code at the start": (at_the_start, "zz.pth: every start of Python here runs what it says"),
    "a module instead": (instead, "orjson: orjson is imported from"),
    "a file that is gone": (gone, "multidict: multidict/__init__.py cannot be read"),
}


def test_f98_each_way_to_spoil_a_package_is_named(packages):
    assert check() == []
    where = [str(packages)]
    assert check(where) == []
    for change, _ in SPOILT.values():
        where = change(packages) or where
    found = check(where)
    for how, (_, told) in SPOILT.items():
        assert any(told in each for each in found), f"F98: {how} was not found: {found}"
    assert len(found) == len(SPOILT) + 1, found
    assert any(each.startswith("uvloop: uvloop-") for each in found)


def test_f98_another_wheel_with_a_record_of_its_own_is_found_by_its_pin(packages, tmp_path):
    where = [str(packages)]
    file = tmp_path / "pins.json"
    file.write_text(json.dumps(pins(where)))
    assert unpinned(file, where) == []
    of_record_too(packages)
    assert check(where) == [], "the record was to agree"
    (found,) = unpinned(file, where)
    assert found.startswith("orjson: version "), f"F98: {found}"
    assert "with other contents" in found
    none = tmp_path / "none"
    assert unpinned(none, where) == [f"{none}: expected what `mm packages --pin` writes (no such file or directory)"]
    none.write_text("[]")
    assert unpinned(none, where) == [f"{none}: expected what `mm packages --pin` writes (something else)"]


@pytest.mark.skipif(not (ROOT / "build_backend").exists(), reason="builds are made in the source tree")
def test_f98_a_build_with_a_crate_or_a_package_that_nobody_allowed_ends(tmp_path):
    backend = runpy.run_path(str(ROOT / "build_backend" / "mm_allowed.py"))
    backend["check"](ROOT)
    for name in ("pyproject.toml", "Cargo.lock", "src/mm/allowed_packages.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    with (tmp_path / "Cargo.lock").open("a") as lock:
        lock.write('\n[[package]]\nname = "base46"\nversion = "0.1.0"\n')
    spoil(tmp_path / "pyproject.toml", lambda contents: contents.replace(b'"orjson>=', b'"or1son", "orjson>='))
    with pytest.raises(RuntimeError, match="crate base46, crate base46 without a hash, requirement or1son"):
        backend["check"](tmp_path)


def test_the_list_has_the_licence_that_an_installed_package_states():
    stated = {}
    for name, each in _needed(_installed(list(sys.path)), []).items():
        words = each.metadata["License-Expression"]
        if words and name != PROGRAM:
            stated[name] = set(words.split()) >= set(allowed()["packages"][name]["licence"].split())
    assert len(stated) > 3
    assert all(stated.values()), stated


class Start:
    """A live start on a simulated venue that uses a folder of packages and no other."""

    def __init__(self, folder):
        self.state = folder / "world"
        self.world = launch(self.state, tier="pro")
        self.folder = folder

    def begin(self, packages, pins=""):
        """The process."""
        world = self.world
        file = self.folder / "live.toml"
        file.write_text(
            LIVE.format(
                state=self.folder / "state",
                pins=f'package_pins = "{pins}"' if pins else "",
                rest=world.rest_url,
                ws=world.ws_url,
                auth=world.ws_auth_url,
                fingerprint=fingerprint(Secret(world.api_key)),
            )
        )
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(packages), str(SOURCES)]),
            "KRAKEN_API_KEY": world.api_key,
            "KRAKEN_API_SECRET": world.api_secret,
        }
        # Without the usual site folder.
        command = [sys.executable, "-S", "-m", "mm.run", "--config", str(file), "--live", "--json"]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def quoted(self, packages, pins):
        """Start, and end once there was an order; returns the exit code and what was said."""
        process = self.begin(packages, pins)
        try:
            while not self.orders() and process.poll() is None:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
        return process.returncode, said

    def refused(self, packages, pins=""):
        """Start, and wait for its end by itself; returns the exit code and what was said."""
        process = self.begin(packages, pins)
        try:
            said, _ = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
        return process.returncode, said

    def orders(self):
        books = self.world.control("ledger")
        return [*books["open_orders"], *books["closed_orders"]]


def test_f98_a_live_start_with_a_tampered_package_sends_no_order(packages, tmp_path):
    start = Start(tmp_path)
    try:
        file = tmp_path / "pins.json"
        file.write_text(json.dumps(pins([str(packages)])))
        code, said = start.quoted(packages, file)
        assert code == 0, said
        before = len(start.orders())
        assert before, "nothing was sent with good packages: it proves nothing"
        of_record_too(packages)
        code, said = start.refused(packages, file)
        assert len(start.orders()) == before, "F98: orders were sent with another wheel than the pinned one"
        assert (code, "orjson: version" in said) == (2, True), said
        laid_in(packages)
        code, said = start.refused(packages)
        assert len(start.orders()) == before, "F98: orders were sent with a module that was laid into a package"
        assert (code, "picows/helper.py" in said) == (2, True), said
    finally:
        start.world.control("stop", {})
