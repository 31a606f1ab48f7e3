from functools import partial

import pytest

from tests.engine.world import World


@pytest.fixture
def make_world(tmp_path):
    return partial(World, path=tmp_path / "mm.toml")


@pytest.fixture
def world(make_world):
    return make_world()
