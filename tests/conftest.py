"""How generated cases are drawn, and which tests may run beside each other."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("campaign", max_examples=3000, deadline=None, print_blob=True)
settings.load_profile("campaign" if os.environ.get("MM_CAMPAIGN") else "gate")

BY_THE_CLOCK = ("judges", "live", "net", "persistence", "run", "simulator/test_process.py", "test_repository.py")
"""What has sockets, processes or threads of its own: one after another on one worker, beside what only computes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(here).as_posix()
        if place.startswith(BY_THE_CLOCK):
            item.add_marker(pytest.mark.xdist_group("clock"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Say in the report which seed a case has: `tools/fault_table.py` counts them."""
    seed = getattr(item, "callspec", None) and item.callspec.params.get("seed")  # type: ignore[attr-defined]
    if seed is not None:
        item.user_properties.append(("seed", str(seed)))


@pytest.fixture(scope="session")
def slow_disk(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], dict[str, str]]:
    """Environment of a process whose syncs take as many milliseconds longer as a file says, while there is one."""
    if sys.platform != "linux" or shutil.which("cc") is None:
        pytest.skip("needs Linux and a C compiler")
    library = tmp_path_factory.mktemp("slow") / "slow_disk.so"
    source = Path(__file__).parent / "slow_disk.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-o", str(library), str(source), "-ldl"], check=True)
    return lambda file: {"LD_PRELOAD": str(library), "MM_SLOW_DISK": str(file)}
