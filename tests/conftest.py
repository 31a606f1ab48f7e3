"""How generated cases are drawn: the same ones at every run of the tests, fresh ones in a campaign (`make fuzz`)."""

import os

from hypothesis import settings

settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("campaign", max_examples=3000, deadline=None, print_blob=True)
settings.load_profile("campaign" if os.environ.get("MM_CAMPAIGN") else "gate")
