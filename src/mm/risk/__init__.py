"""Hard caps that every order has to pass, whatever strategy and hedger wish."""

from mm._core.limits import APPROVED, Approved, Limits, Refused

__all__ = ["APPROVED", "Approved", "Limits", "Refused"]
