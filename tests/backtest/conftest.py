from functools import partial

import pytest

from tests.backtest.session import Session


@pytest.fixture
def make_session(tmp_path):
    return partial(Session, tmp_path)
