"""MEXC Spot's messages by way of `protobuf` itself: a schema as text, made into classes when first asked for.

The text is written from the venue's field tables (edition of June 2026; names without their suffix V3Api).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

PROTO = """
message DepthItem { string price = 1; string quantity = 2; }
message PublicAggreDepths { repeated DepthItem asks = 1; repeated DepthItem bids = 2; string eventType = 3;
  string fromVersion = 4; string toVersion = 5; int64 lastOrderCreateTime = 6; }
message PublicLimitDepths { repeated DepthItem asks = 1; repeated DepthItem bids = 2; string eventType = 3;
  string version = 4; int64 lastOrderCreateTime = 5; }
message PublicIncreaseDepths { repeated DepthItem asks = 1; repeated DepthItem bids = 2; string eventType = 3;
  string version = 4; }
message PublicIncreaseDepthsBatch { repeated PublicIncreaseDepths items = 1; string eventType = 2; }
message Deal { string price = 1; string quantity = 2; int32 tradeType = 3; int64 time = 4; string tradeId = 5; }
message PublicAggreDeals { repeated Deal deals = 1; string eventType = 2; }
message PublicDeals { repeated Deal deals = 1; string eventType = 2; }
message PublicAggreBookTicker { string bidPrice = 1; string bidQuantity = 2; string askPrice = 3;
  string askQuantity = 4; string version = 5; int64 lastOrderCreateTime = 6; }
message PublicBookTicker { string bidPrice = 1; string bidQuantity = 2; string askPrice = 3; string askQuantity = 4; }
message PublicBookTickerBatch { repeated PublicBookTicker items = 1; string version = 2;
  int64 lastOrderCreateTime = 3; }
message PublicSpotKline { string interval = 1; int64 windowStart = 2; string openingPrice = 3; string closingPrice = 4;
  string highestPrice = 5; string lowestPrice = 6; string volume = 7; string amount = 8; int64 windowEnd = 9; }
message PublicMiniTicker { string symbol = 1; string price = 2; string rate = 3; string zonedRate = 4; string high = 5;
  string low = 6; string volume = 7; string quantity = 8; string lastCloseRate = 9; string lastCloseZonedRate = 10;
  string lastCloseHigh = 11; string lastCloseLow = 12; }
message PublicMiniTickers { repeated PublicMiniTicker items = 1; }
message PrivateAccount { string vcoinName = 1; string coinId = 2; string balanceAmount = 3;
  string balanceAmountChange = 4; string frozenAmount = 5; string frozenAmountChange = 6; string type = 7;
  int64 time = 8; }
message PrivateDeals { string price = 1; string quantity = 2; string amount = 3; int32 tradeType = 4; bool isMaker = 5;
  bool isSelfTrade = 6; string tradeId = 7; string clientOrderId = 8; string orderId = 9; string feeAmount = 10;
  string feeCurrency = 11; int64 time = 12; }
message PrivateOrders { string id = 1; string clientId = 2; string price = 3; string quantity = 4; string amount = 5;
  string avgPrice = 6; int32 orderType = 7; int32 tradeType = 8; bool isMaker = 9; string remainAmount = 10;
  string remainQuantity = 11; string lastDealQuantity = 12; string cumulativeQuantity = 13;
  string cumulativeAmount = 14; int32 status = 15; int64 createTime = 16; string market = 17; int32 triggerType = 18;
  string triggerPrice = 19; int32 state = 20; string ocoId = 21; string routeFactor = 22; string symbolId = 23;
  string marketId = 24; string marketCurrencyId = 25; string currencyId = 26; }
message PushDataV3ApiWrapper { string channel = 1; PublicDeals publicDeals = 301;
  PublicIncreaseDepths publicIncreaseDepths = 302; PublicLimitDepths publicLimitDepths = 303;
  PrivateOrders privateOrders = 304; PublicBookTicker publicBookTicker = 305; PrivateDeals privateDeals = 306;
  PrivateAccount privateAccount = 307; PublicSpotKline publicSpotKline = 308; PublicMiniTicker publicMiniTicker = 309;
  PublicMiniTickers publicMiniTickers = 310; PublicBookTickerBatch publicBookTickerBatch = 311;
  PublicIncreaseDepthsBatch publicIncreaseDepthsBatch = 312; PublicAggreDepths publicAggreDepths = 313;
  PublicAggreDeals publicAggreDeals = 314; PublicAggreBookTicker publicAggreBookTicker = 315; string symbol = 3;
  string symbolId = 4; int64 createTime = 5; int64 sendTime = 6; }
"""
_MESSAGE = re.compile(r"message (\w+) \{(.*?)\}", re.DOTALL)
_FIELD = re.compile(r"(repeated )?(\w+) (\w+) = (\d+);")
_SCALARS = {"string": 9, "int64": 3, "int32": 5, "bool": 8}
WRAPPER = "PushDataV3ApiWrapper"


@cache
def classes() -> dict[str, Any]:
    """Message classes by name."""
    file = descriptor_pb2.FileDescriptorProto(name="push.proto", syntax="proto3")
    for name, body in _MESSAGE.findall(PROTO):
        message = file.message_type.add(name=name)
        if name == WRAPPER:
            message.oneof_decl.add(name="body")
        for repeated, kind, field, number in _FIELD.findall(body):
            added = message.field.add(name=field, number=int(number), label=3 if repeated else 1)
            if kind in _SCALARS:
                added.type = _SCALARS[kind]
            else:
                added.type, added.type_name = 11, f".{kind}"
            if name == WRAPPER and int(number) > 300:
                added.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name, _ in _MESSAGE.findall(PROTO)
    }
    assert len(found[WRAPPER].DESCRIPTOR.fields) == 20
    return found


def wrapper() -> Any:
    """An empty frame."""
    return classes()[WRAPPER]()


def decode(frame: bytes) -> tuple[str, str, int, int, int, tuple[Any, ...] | None] | None:
    """What `mexc_push` should return; None for a frame that `protobuf` refuses."""
    message = wrapper()
    try:
        message.ParseFromString(frame)
    except DecodeError:
        return None
    body = message.WhichOneof("body")
    number = message.DESCRIPTOR.fields_by_name[body].number if body else 0
    return (
        message.channel,
        message.symbol,
        message.createTime,
        message.sendTime,
        number,
        row(getattr(message, body)) if body else None,
    )


def row(message: Any) -> tuple[Any, ...]:
    """A message's values in the order of its field numbers."""
    values: list[Any] = []
    for field in sorted(message.DESCRIPTOR.fields, key=lambda field: field.number):
        value = getattr(message, field.name)
        values.append([row(each) for each in value] if field.is_repeated else value)
    return tuple(values)
