"""Every test here in one seed, and in twenty with MM_CAMPAIGN=1."""

from __future__ import annotations

import os

import pytest

# Before anything imports it: a failed check then shows its values.
pytest.register_assert_rewrite("mm.conformance")

from mm.conformance.stand import Stand  # noqa: E402  # as said above
from tests.reconciling.drift import ALL  # noqa: E402

SEEDS = range(20) if os.environ.get("MM_CAMPAIGN") else (1,)


@pytest.fixture(params=SEEDS, autouse=True)
def seed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The seed of every stand that a test makes."""
    monkeypatch.setitem(Stand.__init__.__kwdefaults__, "seed", request.param)
    return int(request.param)


@pytest.fixture(params=ALL, ids=str)
def stand(request: pytest.FixtureRequest) -> Stand:
    """Ready on each venue, in the time between two rounds."""
    stand = Stand(request.param)
    stand.ready()
    stand.run(7)
    return stand
