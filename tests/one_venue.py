"""Where the settings of a run on one venue are: the program's own default hedges on a second one."""

from pathlib import Path
from typing import Final

ONE_VENUE: Final = Path(__file__).with_name("one_venue.toml")
