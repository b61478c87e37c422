"""What a finished examination gives rise to charge: the billing and material sequences (RAD TF-2: 4.7).

A fixed bill, with more than one item where there may be several. Knows nothing of links.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from actors.objects.attributes import code_items
from actors.objects.copying import put
from harness.model.scenario import Code

_PROCEDURES = (
    Code(value="BILL-BASE", scheme="99SWF", meaning="Examination, basic fee"),
    Code(value="BILL-CM", scheme="99SWF", meaning="Contrast medium, surcharge"),
)
_FILMS = (("2", "BLUE FILM", "14INX17IN"), ("1", "PAPER", "8INX10IN"))
_SUPPLIES = (
    (Code(value="SUP-CM", scheme="99SWF", meaning="Contrast medium"), "100", "ml", "milliliter"),
    (Code(value="SUP-NEEDLE", scheme="99SWF", meaning="Cannula"), "1", "1", "no units"),
)


def put_charges(modified: Dataset) -> None:
    """Fill in procedures, films and supplies; the N-CREATE has created the three sequences empty."""
    put(modified, "BillingProcedureStepSequence", code_items(*_PROCEDURES))
    put(modified, "FilmConsumptionSequence", [_film(*film) for film in _FILMS])
    put(modified, "BillingSuppliesAndDevicesSequence", [_supply(*supply) for supply in _SUPPLIES])


def _film(number: str, medium: str, size: str) -> Dataset:
    item = Dataset()
    put(item, "NumberOfFilms", number)
    put(item, "MediumType", medium)
    put(item, "FilmSizeID", size)
    return item


def _supply(what: Code, quantity: str, unit: str, meaning: str) -> Dataset:
    item, amount = Dataset(), Dataset()
    put(amount, "Quantity", quantity)
    put(amount, "MeasuringUnitsSequence", code_items(Code(value=unit, scheme="UCUM", meaning=meaning)))
    put(item, "BillingItemSequence", code_items(what))
    put(item, "QuantitySequence", [amount])
    return item
