"""What MEXC lists BTC_USDT with, and how the venue names what the core calls otherwise.

A contract is 0.0001 BTC, and that is the core's unit of size: the core counts base units, the venue contracts. (MEXC
Futures reference: contract fields, limits.)
"""

from __future__ import annotations

import random
from typing import Any, Final

from mm.simulator.decimals import decimal_units
from mm.simulator.mexc_futures.numbers import Number, number, rate
from mm.simulator.orders import SimInstrument

SYMBOL: Final = "BTC/USDT:USDT"
MAKER_FEE_E6: Final = 600
TAKER_FEE_E6: Final = 800
"""0.06 and 0.08 %: the schedule of API orders since 2026-06-01. The definition of the contract shows others."""
MAINTENANCE_E6: Final = 1_000
SHOWN_MAKER_E6: Final = 100
SHOWN_TAKER_E6: Final = 400
BAND_E4: Final = 1_000
"""Price band around the index, in 1e-4."""
PROTECTION_E4: Final = 50
"""How far a market order goes from the best price (`marketOrderPriceLimitRate2`)."""
LEVERAGE_MAX: Final = 500
LIMIT_VOL_MAX: Final = 2_500_000
MARKET_VOL_MAX: Final = 400_000
ORDERS_MAX: Final = (200, 50)
"""Open orders of a contract in hedge and in one-way mode."""
CONTRACT_ID: Final = 10
STATES: Final = {"maintenance": 4, "cancel_only": 4, "delisted": 3}


def btc_usdt_contract() -> SimInstrument:
    """The perpetual BTC_USDT: prices of 0.1, sizes of 0.0001 BTC, which is one contract."""
    return SimInstrument(
        symbol=SYMBOL,
        base="BTC",
        quote="USDT",
        price_precision=1,
        size_precision=4,
        tick=1,
        size_min=1,
        cost_min=0,
        quote_decimals=10,
        maker_fee_e6=MAKER_FEE_E6,
        taker_fee_e6=TAKER_FEE_E6,
        contract=1,
    )


def mexc_futures_name(letter: str, chance: random.Random) -> str:
    """Ids as MEXC Futures writes them: orders of 18 digits, beyond what a double holds, executions of 12."""
    return str(chance.randrange(7 * 10**17, 9 * 10**17) if letter == "O" else chance.randrange(10**11, 10**12))


class Contract:
    """A contract as the venue lists it, with the core's instrument behind it."""

    def __init__(self, traded: SimInstrument) -> None:
        self.traded = traded
        self.name = f"{traded.base}_{traded.quote}"
        self.api_allowed = True
        self._before: list[tuple[int, int]] = []
        """Units of size that a contract was, each until when."""

    def price(self, units: int) -> Number:
        """A price of the grid."""
        return number(units, self.traded.price_precision)

    def vol(self, size: int) -> int:
        """A size in contracts."""
        return self.traded.shown_size(size)[0]

    def vol_of(self, time_ns: int, size: int) -> int:
        """A size in contracts of a time: what was ordered and dealt is a fact of then."""
        contract = next((units for until_ns, units in self._before if time_ns < until_ns), self.traded.contract)
        return size // contract

    def resize(self, now_ns: int, units: int) -> None:
        """Let a contract be so many units of size from now on."""
        self._before.append((now_ns, self.traded.contract))
        self.traded.contract = self.traded.size_min = self.traded.lot = units

    def size(self, vol: str) -> int | None:
        """Contracts as the core's size; None for what are none."""
        contracts = decimal_units(vol, 0)
        return None if contracts is None else contracts * self.traded.contract

    def detail(self) -> dict[str, Any]:
        """The definition, as `detail` and `push.contract` show it."""
        traded = self.traded
        tick = number(traded.tick, traded.price_precision)
        risk = [(1, 50_000, 1_000, 2_000, 500), (2, 60_000, 4_000, 5_000, 200), (3, 250_000, 5_000, 10_000, 100)]
        return {
            "symbol": self.name,
            "displayNameEn": f"{self.name} PERPETUAL",
            "positionOpenType": 3,
            "baseCoin": traded.base,
            "quoteCoin": traded.quote,
            "baseCoinName": traded.base,
            "quoteCoinName": traded.quote,
            "futureType": 1,
            "settleCoin": traded.quote,
            "contractSize": number(traded.contract, traded.size_precision),
            "minLeverage": 1,
            "maxLeverage": LEVERAGE_MAX,
            "priceScale": traded.price_precision,
            "volScale": 0,
            "amountScale": 4,
            "priceUnit": tick,
            "volUnit": self.vol(traded.lot),
            "minVol": self.vol(traded.size_min),
            "maxVol": MARKET_VOL_MAX,
            "bidLimitPriceRate": number(BAND_E4, 4),
            "askLimitPriceRate": number(BAND_E4, 4),
            "takerFeeRate": rate(SHOWN_TAKER_E6),
            "makerFeeRate": rate(SHOWN_MAKER_E6),
            "maintenanceMarginRate": rate(MAINTENANCE_E6),
            "initialMarginRate": rate(2 * MAINTENANCE_E6),
            "riskBaseVol": 4_500_000,
            "riskIncrVol": 0,
            "riskLongShortSwitch": 0,
            "riskIncrMmr": 0,
            "riskIncrImr": 0,
            "riskLevelLimit": 1,
            "priceCoefficientVariation": 0.004,
            "indexOrigin": ["MEXC"],
            # Matching modes between trading and not trading have no state of their own.
            "state": int(traded.shown_status or STATES.get(traded.status, 0)),
            "isNew": False,
            "isHot": False,
            "isHidden": False,
            "conceptPlate": [],
            "riskLimitType": "BY_VOLUME",
            "maxNumOrders": list(ORDERS_MAX),
            "marketOrderMaxLevel": 20,
            "marketOrderPriceLimitRate1": 0.2,
            "marketOrderPriceLimitRate2": number(PROTECTION_E4, 4),
            "triggerProtect": 0.1,
            "appraisal": 0,
            "showAppraisalCountdown": 0,
            "automaticDelivery": 0,
            "apiAllowed": self.api_allowed,
            "depthStepList": ["0.1", "1", "10", "100"],
            "limitMaxVol": LIMIT_VOL_MAX,
            "id": CONTRACT_ID,
            "createTime": 1_591_242_684_000,
            "openingTime": 0,
            "isZeroFeeRate": True,
            "riskLimitMode": "CUSTOM",
            "isZeroFeeSymbol": True,
            "riskLimitCustom": [
                {"level": level, "maxVol": vol, "mmr": rate(mmr), "imr": rate(imr), "maxLeverage": leverage}
                for level, vol, mmr, imr, leverage in risk
            ],
            "liquidationFeeRate": rate(SHOWN_TAKER_E6),
            "feeRateMode": "TIERED",
            "leverageFeeRates": [],
            "type": 1,
        }


class Listing:
    """The contracts by both their names."""

    def __init__(self, instruments: dict[str, SimInstrument]) -> None:
        self.by_symbol = {symbol: Contract(traded) for symbol, traded in instruments.items()}
        self.by_name = {contract.name: contract for contract in self.by_symbol.values()}
        self.hidden: set[str] = set()
        """Names that not even requests about one's own past may use any more."""

    def listed(self) -> dict[str, Contract]:
        """What lists show and requests may name, by the venue's names."""
        return {name: contract for name, contract in self.by_name.items() if contract.traded.listed}

    def known(self, name: str) -> Contract | None:
        """What a request about one's own past may name."""
        return None if name in self.hidden else self.by_name.get(name)
