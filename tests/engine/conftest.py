from functools import partial

import pytest

from tests.engine.contracts import WithFallback
from tests.engine.world import World


@pytest.fixture
def make_world(tmp_path):
    return partial(World, path=tmp_path / "mm.toml")


@pytest.fixture
def world(make_world):
    return make_world()


@pytest.fixture
def both(tmp_path):
    return WithFallback(tmp_path / "mm.toml").ready_to_quote()
