"""The bot of `tools/kills.py`: `mm.run`, at venues whose lists trail by less than a second.

An order that never arrived is proven absent by two reads that begin once it could not take effect any more and lists
must show it; for real venues that is allowed half a minute. The simulated ones are as they say.
"""

import sys
from functools import partial

from mm.live import linking
from mm.net.link import LinkSettings
from mm.run import main

SECOND = 1_000_000_000

if __name__ == "__main__":
    linking.LinkSettings = partial(LinkSettings, lag_ns=SECOND, settle_ns=SECOND // 2)  # type: ignore[misc, assignment]
    sys.exit(main())
