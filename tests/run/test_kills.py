"""The harness that kills a bot at its writes, syncs and sends: a few points of it, and that it can fail."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="needs Linux and a C compiler"
)


def test_f72_killed_at_any_write_sync_or_send_the_books_end_as_the_venues() -> None:
    """Guard: the whole of `docs/recovery.md`. All sampled points: `make kills`."""
    command = [sys.executable, "tools/kills.py", "--points", "8", "--chain", "8", "--jobs", "1", "--script", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    verdict = json.loads(done.stdout.splitlines()[-1])
    assert verdict["passed"], verdict
    assert sum(verdict["killed"].values()) + verdict["late"] == verdict["wanted"] == 8
    assert f"{sum(verdict['killed'].values())} of 8 at their point, {verdict['late']} late" in verdict["kills"]
    assert sum(verdict["killed"].values()) >= 5
    (figures,) = verdict["chains"]
    assert figures["residual"] == "0"
    assert sum(figures["fills"].values()) > 0


def test_the_judge_of_the_kills_finds_what_a_journal_leaves_out(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import kills

    def order(client_id: str) -> dict[str, object]:
        return {"client_id": client_id, "order_id": client_id}

    ledger = {
        "open_orders": [order("mm1Q1")],
        "closed_orders": [order("mm1Q1"), order("other")],
        "fills": [{"execution_id": "E1", "side": "buy", "size": "0.2", "order_id": "mm1Q1"}],
    }
    nothing = {"open_orders": [], "closed_orders": [], "fills": []}
    chain = kills.Chain(tmp_path, tmp_path, "os", 1)
    monkeypatch.setattr(
        chain.__class__, "ledgers", lambda self: dict.fromkeys(kills.VENUES, nothing) | {"kraken": ledger}
    )
    monkeypatch.setattr(
        kills, "written", lambda state: ([], {"kraken": {"E2"}, "mexc_spot": set(), "mexc_futures": set()})
    )
    chain.look("now")
    assert chain.problems == [
        "now: kraken has mm1Q1 2 times",
        "now: kraken has mm1Q1, the journal has not",
        "now: kraken: E2 was invented",
        "now: kraken holds 0.2",
    ]
