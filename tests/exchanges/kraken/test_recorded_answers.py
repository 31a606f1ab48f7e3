"""Each recorded answer to a websocket request, and the value that it decodes to."""

from __future__ import annotations

from typing import Any

import pytest

from mm.exchanges.venue import Decoded, ErrorClass, Kind
from tests.exchanges.kraken.samples import NOW, codec, frame, names, ns


def answer(kind: Kind, request_id: int, time_in: str, time_out: str, **rest: Any) -> Decoded:
    return Decoded(kind, request_id=request_id, time_in_ns=ns(time_in), time_out_ns=ns(time_out), **rest)


def refused(kind: Kind, request_id: int, times: tuple[str, str], error: str, error_class: ErrorClass) -> Decoded:
    return answer(kind, request_id, *times, ok=False, error=error, error_class=error_class)


R, S, U = Kind.RESPONSE, Kind.SUBSCRIBED, Kind.UNSUBSCRIBED
WARNINGS = [
    "cancel_reason is deprecated, use reason",
    "stop_price is deprecated, use triggers.price",
    "trigger is deprecated use triggers.reference",
    "triggered_price is deprecated use triggers.last_price",
]


def on(name: str, request_id: int, time_in: str, time_out: str, kind: Kind = S, **result: Any) -> tuple[str, Decoded]:
    decoded = answer(kind, request_id, time_in, time_out, channel=result["channel"], result=result)
    decoded.symbol = result.get("symbol", "")
    return name, decoded


RECORDED = dict(
    [
        on(
            "ws_public/book_subscribe_ack",
            11,
            "2024-05-19T16:27:13.694962Z",
            "2024-05-19T16:27:13.695006Z",
            channel="book",
            depth=10,
            snapshot=True,
            symbol="BTC/USD",
        ),
        on(
            "ws_public/book_unsubscribe_ack_docs",
            0,
            "2023-10-06T17:35:55.219022Z",
            "2023-10-06T17:35:55.219067Z",
            U,
            channel="book",
            depth=10,
            snapshot=True,
            symbol="ALGO/USD",
        ),
        on(
            "ws_public/instrument_subscribe_ack",
            0,
            "2024-05-19T19:44:43.264430Z",
            "2024-05-19T19:44:43.264464Z",
            channel="instrument",
            snapshot=True,
            warnings=["tick_size is deprecated, use price_increment"],
        ),
        on(
            "ws_public/ohlc_subscribe_ack",
            121,
            "2024-05-19T19:06:57.002983Z",
            "2024-05-19T19:06:57.003037Z",
            channel="ohlc",
            interval=60,
            snapshot=True,
            symbol="ETH/USD",
            warnings=["timestamp is deprecated, use interval_begin"],
        ),
        on(
            "ws_public/ohlc_unsubscribe_ack_docs",
            0,
            "2023-10-04T16:26:01.802708Z",
            "2023-10-04T16:26:01.802791Z",
            U,
            channel="ohlc",
            interval=5,
            symbol="ALGO/USD",
        ),
        on(
            "ws_public/ticker_subscribe_ack",
            42,
            "2024-05-15T11:20:43.013486Z",
            "2024-05-15T11:20:43.013545Z",
            channel="ticker",
            event_trigger="trades",
            snapshot=True,
            symbol="BTC/USD",
        ),
        on(
            "ws_public/trade_subscribe_ack",
            0,
            "2024-05-19T19:11:23.034030Z",
            "2024-05-19T19:11:23.034073Z",
            channel="trade",
            snapshot=True,
            symbol="BTC/USD",
        ),
        on(
            "ws_private/balances_subscribe_ack",
            10312008,
            "2024-05-19T16:25:28.289124Z",
            "2024-05-19T16:25:28.293750Z",
            channel="balances",
            snapshot=True,
        ),
        on(
            "ws_private/executions_subscribe_ack_2024",
            0,
            "2024-05-19T19:30:36.343170Z",
            "2024-05-19T19:30:36.350083Z",
            channel="executions",
            maxratecount=180,
            snapshot=True,
            warnings=WARNINGS,
        ),
        on(
            "ws_private/executions_subscribe_ack_2026",
            0,
            "2026-01-20T14:03:46.011991Z",
            "2026-01-20T14:03:46.018146Z",
            channel="executions",
            maxratecount=125,
            snap_orders=True,
            snap_trades=True,
            snapshot=True,
            warnings=WARNINGS,
        ),
        on(
            "ws_private/executions_unsubscribe_ack_docs",
            0,
            "2023-10-16T13:18:35.303171Z",
            "2023-10-16T13:18:35.318297Z",
            U,
            channel="executions",
        ),
        on(
            "ws_private/level3_subscribe_ack_2024",
            99,
            "2024-05-19T18:51:30.701627Z",
            "2024-05-19T18:51:30.708403Z",
            channel="level3",
            snapshot=True,
            symbol="BTC/USD",
        ),
        on(
            "ws_private/level3_subscribe_ack_docs",
            0,
            "2023-10-06T18:20:56.506266Z",
            "2023-10-06T18:20:56.521803Z",
            channel="level3",
            snapshot=True,
            symbol="ALGO/USD",
        ),
        (
            "ws_public/pong",
            answer(Kind.PONG, 1, "2024-05-20T11:08:49.272922Z", "2024-05-20T11:08:49.272940Z"),
        ),
        (
            "ws_trading/add_order_success_2024",
            answer(
                R,
                0,
                "2024-05-18T12:05:50.293682Z",
                "2024-05-18T12:05:50.300542Z",
                result={"order_id": "OPS23M-VS41G-DDE5Z2", "cl_ord_id": "client-zero"},
            ),
        ),
        (
            "ws_trading/add_order_success_cl_ord_id_2026",
            answer(
                R,
                0,
                "2026-01-21T12:33:34.457870Z",
                "2026-01-21T12:33:34.460575Z",
                result={"order_id": "OXZPAJ-ONWQU-KMAMPL", "cl_ord_id": "3178d58d4d000200"},
            ),
        ),
        (
            "ws_trading/add_order_success_docs",
            answer(
                R,
                123456789,
                "2023-09-21T14:15:07.197274Z",
                "2023-09-21T14:15:07.205301Z",
                result={"order_id": "AA5JGQ-SBMRC-SCJ7J7", "order_userref": 100054},
            ),
        ),
        (
            "ws_trading/amend_order_success_2024",
            answer(
                R,
                0,
                "2024-10-11T12:12:21.003873Z",
                "2024-10-11T12:12:21.005064Z",
                result={"amend_id": "1M2JV8-OEJZD-G5GSBF", "order_id": "BQS60L-EGW18-UPAK9U"},
            ),
        ),
        (
            "ws_trading/amend_order_success_2026",
            answer(
                R,
                0,
                "2026-01-22T04:56:03.261354Z",
                "2026-01-22T04:56:03.264302Z",
                result={"amend_id": "TTB6D6-Q4HHW-DQ5FQW", "cl_ord_id": "aff1f7b04d000200"},
            ),
        ),
        (
            "ws_trading/amend_order_success_docs",
            answer(
                R,
                0,
                "2024-07-26T13:39:04.922699Z",
                "2024-07-26T13:39:04.924912Z",
                result={"amend_id": "TTW6PD-RC36L-ZZSWNU", "cl_ord_id": "2c6be801-1f53-4f79-a0bb-4ea1c95dfae9"},
            ),
        ),
        (
            "ws_trading/edit_order_success_2024",
            answer(
                R,
                0,
                "2024-05-19T12:12:30.171615Z",
                "2024-05-19T12:12:30.173877Z",
                result={"order_id": "7FIK6B-S15X0-DPJJTH", "original_order_id": "K1FF7H-A13AR-Q1S9Z6"},
            ),
        ),
        (
            "ws_trading/batch_add_success_2024",
            answer(
                R,
                0,
                "2024-05-19T19:23:21.134538Z",
                "2024-05-19T19:23:21.141229Z",
                result=[{"order_id": "JQDNTT-MZEIZ-OZKUDD"}, {"order_id": "X67GEK-3VQWM-HPNQ89"}],
            ),
        ),
        (
            "ws_trading/batch_add_success_docs",
            answer(
                R,
                1234567890,
                "2022-06-13T08:09:10.123456Z",
                "2022-06-13T08:09:10.7890123",
                result=[
                    {"order_id": "ORDERX-IDXXX-XXXXX1", "order_userref": 1},
                    {"order_id": "ORDERX-IDXXX-XXXXX2", "order_userref": 2},
                ],
            ),
        ),
        (
            "ws_trading/batch_cancel_success_2024",
            answer(R, 0, "2024-05-19T19:29:58.063754Z", "2024-05-19T19:29:58.071569Z", result=2),
        ),
        (
            "ws_trading/batch_cancel_success_docs",
            answer(R, 1234567890, "2022-06-13T08:09:10.123456Z", "2022-06-13T08:09:10.7890123", result=3),
        ),
        (
            "ws_trading/cancel_all_success_2026",
            answer(R, 0, "2026-01-21T14:36:04.383462Z", "2026-01-21T14:36:04.385719Z", result=3),
        ),
        (
            "ws_trading/cancel_all_zero_2024",
            answer(R, 0, "2024-05-19T11:42:13.815662Z", "2024-05-19T11:42:13.824053Z", result=0),
        ),
        (
            "ws_trading/cancel_all_orders_after_success_2024",
            answer(
                R,
                0,
                "2024-05-19T19:22:19.975239Z",
                "2024-05-19T19:22:19.981369Z",
                result=(ns("2024-05-19T19:22:20Z"), ns("2024-05-19T19:22:25Z")),
            ),
        ),
        (
            "ws_trading/cancel_all_orders_after_success_docs",
            answer(
                R,
                1234567890,
                "2023-09-21T15:49:28.627900Z",
                "2023-09-21T15:49:28.649057Z",
                result=(ns("2023-09-21T15:49:29Z"), ns("2023-09-21T15:51:09Z")),
            ),
        ),
        (
            "ws_trading/cancel_order_response_1_docs",
            answer(
                R,
                123456789,
                "2023-09-21T14:36:57.428972Z",
                "2023-09-21T14:36:57.437952Z",
                result={"order_id": "OLUMT4-UTEGU-ZYM7E9"},
            ),
        ),
        (
            "ws_trading/cancel_order_response_2_docs",
            answer(
                R,
                123456789,
                "2023-09-21T14:36:57.428972Z",
                "2023-09-21T14:36:57.438027Z",
                result={"order_id": "OM5CRX-N2HAL-GFGWE9"},
            ),
        ),
        (
            "ws_trading/cancel_order_success_cl_ord_id_2026",
            answer(
                R,
                0,
                "2026-01-21T14:12:39.343493Z",
                "2026-01-21T14:12:39.346436Z",
                result={"cl_ord_id": "6a3260914d000200"},
            ),
        ),
        (
            "ws_trading/add_order_insufficient_funds_docs",
            refused(
                R,
                123456789,
                ("2023-09-21T14:15:07.197274Z", "2023-09-21T14:15:07.205301Z"),
                "EOrder:Insufficient funds",
                ErrorClass.REJECTED,
            ),
        ),
        (
            "ws_trading/add_order_volume_minimum_2026",
            refused(
                R,
                0,
                ("2026-01-21T14:24:10.817739Z", "2026-01-21T14:24:10.819873Z"),
                "EGeneral:Invalid arguments:volume minimum not met",
                ErrorClass.REJECTED,
            ),
        ),
        (
            "ws_trading/amend_order_not_a_number_2024",
            refused(
                R,
                0,
                ("2024-10-13T13:31:28.636431Z", "2024-10-13T13:31:28.636488Z"),
                "Limit_price field must be a number_float",
                ErrorClass.REJECTED,
            ),
        ),
        (
            "ws_trading/amend_order_unknown_order_2026",
            refused(
                R,
                0,
                ("2026-01-22T05:02:09.671470Z", "2026-01-22T05:02:09.672399Z"),
                "EOrder:Unknown order",
                ErrorClass.GONE,
            ),
        ),
        (
            "ws_trading/cancel_order_unknown_order_2026",
            refused(
                R,
                0,
                ("2026-01-21T14:28:12.664421Z", "2026-01-21T14:28:12.666548Z"),
                "EOrder:Unknown order",
                ErrorClass.GONE,
            ),
        ),
        (
            "ws_errors/add_order_invalid_arguments",
            refused(
                R,
                0,
                ("2024-05-18T12:03:08.768086Z", "2024-05-18T12:03:08.768149Z"),
                "EGeneral:Invalid arguments:no_mpp order option is only available when ordertype = market",
                ErrorClass.REJECTED,
            ),
        ),
        (
            "ws_errors/add_order_not_a_number",
            refused(
                R,
                7,
                ("2024-05-18T12:00:03.886027Z", "2024-05-18T12:00:03.886141Z"),
                "Cash_order_qty field must be a number_float",
                ErrorClass.REJECTED,
            ),
        ),
        (
            "ws_errors/add_order_permission_denied",
            refused(
                R,
                0,
                ("2024-05-18T12:03:43.466650Z", "2024-05-18T12:03:43.471987Z"),
                "EGeneral:Permission denied",
                ErrorClass.FATAL,
            ),
        ),
        (
            "ws_errors/edit_order_token_missing",
            refused(
                R,
                0,
                ("2024-05-18T13:04:41.754066Z", "2024-05-18T13:04:41.754113Z"),
                "Token(s) not found",
                ErrorClass.TOKEN,
            ),
        ),
        (
            "ws_errors/malformed_request_2026",
            refused(
                R,
                0,
                ("2026-01-19T15:14:14.834598Z", "2026-01-19T15:14:14.834611Z"),
                "Malformed request",
                ErrorClass.REJECTED,
            ),
        ),
        (
            "ws_errors/ping_unsupported_field",
            refused(
                Kind.PONG,
                0,
                ("2024-05-19T19:58:40.170724Z", "2024-05-19T19:58:40.170758Z"),
                "Unsupported field: 'params' for the given msg type: ping",
                ErrorClass.REJECTED,
            ),
        ),
        (
            "ws_errors/subscribe_depth_not_supported_2026",
            refused(
                S,
                0,
                ("2026-08-16T23:54:19.629313Z", "2026-08-16T23:54:19.629343Z"),
                "Subscription depth not supported",
                ErrorClass.REJECTED,
            ),
        ),
        (
            "ws_errors/subscribe_unsupported_field_2026",
            answer(
                S,
                0,
                "2026-01-19T06:39:36.354004Z",
                "2026-01-19T06:39:36.354054Z",
                ok=False,
                error="Unsupported field: 'channel' for the given msg type: subscribe",
                error_class=ErrorClass.REJECTED,
                symbol="ETH/USDC",
            ),
        ),
        (
            "ws_errors/unsupported_event",
            refused(
                S,
                0,
                ("2024-05-19T20:02:10.316562Z", "2024-05-19T20:02:10.316592Z"),
                "Unsupported event",
                ErrorClass.REJECTED,
            ),
        ),
    ]
)


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_answer(name: str) -> None:
    assert codec().decode_frame(frame(name), NOW) == RECORDED[name]


def test_every_recorded_answer_is_expected_above() -> None:
    recorded = {
        name
        for folder in ("ws_public", "ws_private", "ws_trading", "ws_errors")
        for name in names(folder)
        if b'"time_in"' in frame(name)
    }
    assert recorded == set(RECORDED)
