"""A signal while the process imports what it needs: the process ends by it, and does not crash."""

from __future__ import annotations

import subprocess
import sys

import pytest

STORY = """
import os, signal, sys

class Signalled:
    def find_spec(self, name, path=None, target=None):
        if name == "uuid":
            # From inside the setting up of orjson, which imports it.
            os.kill(os.getpid(), signal.SIGINT)

# Where this was started in the background of a shell the signal is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.modules.pop("uuid", None)
sys.meta_path.insert(0, Signalled())
try:
    import mm.run
except KeyboardInterrupt:
    sys.exit(3)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals cannot be held back there")
def test_a_signal_while_orjson_sets_itself_up_crashes_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", STORY], stdin=subprocess.DEVNULL, timeout=60, check=False)
    assert done.returncode == 3
