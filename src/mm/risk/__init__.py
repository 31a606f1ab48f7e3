"""Risk: hard caps on the worst case, outside the strategies."""

from mm.risk.limits import APPROVED, Approved, Exposure, Limits, Refused

__all__ = ["APPROVED", "Approved", "Exposure", "Limits", "Refused"]
