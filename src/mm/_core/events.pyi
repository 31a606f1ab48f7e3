from typing import Final

from mm._core.account_checks import AccountRead as AccountRead
from mm._core.account_checks import Difference as Difference
from mm._core.account_checks import Reconcile as Reconcile
from mm._core.account_checks import Reconciled as Reconciled
from mm._core.account_events import Balance as Balance
from mm._core.account_events import BalanceChange as BalanceChange
from mm._core.account_events import FeeRates as FeeRates
from mm._core.account_events import ForeignOrders as ForeignOrders
from mm._core.account_events import TimerSet as TimerSet
from mm._core.commands import Alert as Alert
from mm._core.commands import Amend as Amend
from mm._core.commands import Cancel as Cancel
from mm._core.commands import CancelAfter as CancelAfter
from mm._core.commands import HedgeRouted as HedgeRouted
from mm._core.commands import Latched as Latched
from mm._core.commands import Operator as Operator
from mm._core.commands import Place as Place
from mm._core.commands import ProfitMarked as ProfitMarked
from mm._core.commands import QueryOrder as QueryOrder
from mm._core.commands import Recovered as Recovered
from mm._core.commands import Resync as Resync
from mm._core.commands import SettingsChanged as SettingsChanged
from mm._core.commands import Start as Start
from mm._core.commands import StrategyPaused as StrategyPaused
from mm._core.commands import Timer as Timer
from mm._core.event import Event as Event
from mm._core.margin_events import FundingPaid as FundingPaid
from mm._core.margin_events import FundingRate as FundingRate
from mm._core.margin_events import LiquidationRisk as LiquidationRisk
from mm._core.margin_events import MarginReport as MarginReport
from mm._core.margin_events import MarkPrice as MarkPrice
from mm._core.margin_events import PositionChanged as PositionChanged
from mm._core.margin_events import PositionReport as PositionReport
from mm._core.market_events import BookFrame as BookFrame
from mm._core.market_events import BookReset as BookReset
from mm._core.market_events import ClockOffset as ClockOffset
from mm._core.market_events import InstrumentUpdate as InstrumentUpdate
from mm._core.market_events import LinkChanged as LinkChanged
from mm._core.market_events import Ticker as Ticker
from mm._core.market_events import Trade as Trade
from mm._core.market_events import VenueStatus as VenueStatus
from mm._core.order_events import AmendRejected as AmendRejected
from mm._core.order_events import CancelRejected as CancelRejected
from mm._core.order_events import Fill as Fill
from mm._core.order_events import OpenOrdersRead as OpenOrdersRead
from mm._core.order_events import OrderAbsent as OrderAbsent
from mm._core.order_events import OrderAccepted as OrderAccepted
from mm._core.order_events import OrderAmended as OrderAmended
from mm._core.order_events import OrderCanceled as OrderCanceled
from mm._core.order_events import OrderDenied as OrderDenied
from mm._core.order_events import OrderExpired as OrderExpired
from mm._core.order_events import OrderNews as OrderNews
from mm._core.order_events import OrderPending as OrderPending
from mm._core.order_events import OrderRejected as OrderRejected
from mm._core.order_events import OrderReport as OrderReport
from mm._core.order_events import OutcomeUnknown as OutcomeUnknown

FORMAT_VERSION: Final[int]
READABLE_FORMS: Final[frozenset[int]]
BUY: Final[int]
SELL: Final[int]
CLASSES: Final[tuple[type[Event], ...]]

def pack(event: Event) -> bytes: ...
def unpack(data: bytes) -> Event: ...
