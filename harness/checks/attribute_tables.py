"""Attribute tables: types 1, 1C, 2, 2C, 3 and forbidden attributes of DIMSE messages, item by item (PS3.5 7.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from pydicom.dataset import Dataset

from harness.checks.conditions import holds
from harness.checks.items import Spot, requested, same_indices, spots
from harness.checks.recording import ExchangeView, LegView
from harness.checks.registry import Scope, leg_check
from harness.checks.rows import RowJudgement, is_unfilled, summed_up
from harness.checks.value_forms import well_formed
from harness.dicom.statuses import is_pending
from harness.model.finding import Finding
from harness.model.names import RequirementId
from harness.model.plan import LegState
from harness.model.profile import Service
from harness.model.tables import AttributeRow, AttributeTable
from harness.model.transcript import Half
from harness.model.verdict import Confidence, Outcome, Strength

REQUEST = "dimse.request"
RESPONSE = "dimse.response"

_STATUS = "PerformedProcedureStepStatus"
_FINAL = frozenset({"COMPLETED", "DISCONTINUED"})
_NO_FIELDS: Mapping[str, str] = MappingProxyType({})
_MPPS_SERVICES = (Service.N_CREATE, Service.N_SET)
_QUERIES = (Service.C_FIND, Service.C_MOVE, Service.C_GET)
"""Services whose requests hold keys: ranges, wildcards and lists where a value would stand."""


def check_requests(view: LegView, before: Sequence[ExchangeView] = ()) -> Iterator[Finding]:
    """The data set of each request against its table; a relayed MPPS is judged on its first hop.

    `before` are exchanges of other steps that may have set what a step needs to be final.
    """
    form = view.dimse
    table = view.knowledge.attribute_tables.get(form.request_table) if form else None
    if form is None or table is None or relayed(view):
        return
    for position, exchange in enumerate(view.exchanges):
        dataset = exchange.request_dataset
        if dataset is None:
            yield _undecoded(view, exchange, form.request_table, table)
            continue
        dataset = _with_earlier((*before, *view.exchanges[:position]), exchange, dataset)
        keys = form.service in _QUERIES
        for judgement in judge(dataset, table, fields=_fields(exchange), keys=keys):
            yield view.finding(
                REQUEST,
                RequirementId(f"{form.request_table}/{judgement.row}"),
                judgement.outcome,
                view.initiator,
                exchange.evidence(judgement.path),
                expected=judgement.expected,
                received=judgement.received,
            )


@leg_check(RESPONSE, scope=Scope.MESSAGE)
def check_responses(view: LegView) -> Iterator[Finding]:
    """The data set of each response against its table, as far as the request asked for the attributes."""
    form = view.dimse
    table = view.knowledge.attribute_tables.get(form.response_table) if form else None
    if form is None or table is None:
        return
    for exchange in view.exchanges:
        answered = any(dataset is not None for dataset in exchange.response_datasets)
        rows = _asked(table, exchange.request_dataset) if answered else ()
        for index, dataset in enumerate(exchange.response_datasets):
            if dataset is None:
                continue
            for judgement in _judge(dataset, rows, _NO_FIELDS, formed=True):
                yield view.finding(
                    RESPONSE,
                    RequirementId(f"{form.response_table}/{judgement.row}"),
                    judgement.outcome,
                    view.responder,
                    exchange.evidence(judgement.path, Half.RESPONSE, index),
                    expected=judgement.expected,
                    received=judgement.received,
                )


def _undecoded(view: LegView, exchange: ExchangeView, name: str, table: AttributeTable) -> Finding:
    """A request without a readable data set: its first required attribute is not there."""
    sent = exchange.exchange.request.payload is not None
    first = next((path for path, row in table.rows.items() if row.type == "1"), next(iter(table.rows), ""))
    return view.finding(
        REQUEST,
        RequirementId(f"{name}/{first}"),
        Outcome.VIOLATED,
        view.initiator,
        exchange.evidence(),
        expected="a data set",
        received="a data set that cannot be decoded" if sent else "no data set",
    )


def relayed(view: LegView) -> bool:
    """Whether the leg passes on an MPPS whose first hop crossed a link of ours."""
    form = view.dimse
    if form is None or form.service not in _MPPS_SERVICES or not view.planned.leg.reaction:
        return False
    return any(
        planned.state is LegState.LIVE and not planned.leg.reaction and planned.leg.dimse is not None
        for planned in view.step.legs
    )


def _with_earlier(earlier: tuple[ExchangeView, ...], exchange: ExchangeView, dataset: Dataset) -> Dataset:
    """The N-SET that makes a step final, with what earlier ones had set (PS3.4 F.7.2.2.2)."""
    command = exchange.exchange.request.command
    if command is None or command.service is not Service.N_SET or not earlier:
        return dataset
    if str(dataset.get(_STATUS, "")) not in _FINAL:
        return dataset
    merged = Dataset()
    for one in sorted((*earlier, exchange), key=lambda view: view.exchange.request.seq):
        if one.exchange.request.seq > exchange.exchange.request.seq:
            break
        other = one.exchange.request.command
        part = one.request_dataset
        if other is not None and other.sop_instance == command.sop_instance and part is not None:
            merged.update(part)
    return merged


def judge(
    dataset: Dataset,
    table: AttributeTable,
    identifier: Dataset | None = None,
    fields: Mapping[str, str] = _NO_FIELDS,
    *,
    keys: bool = False,
) -> Iterator[RowJudgement]:
    """Every row of the table on a data set: each violation, or one judgement that sums the row up.

    `identifier` is the query that asked: rows that hold for requested keys are judged only where it names them.
    `fields` are command elements that a condition may name, such as EventTypeID. `keys`: the values are matching keys,
    which need not be well formed.
    """
    return _judge(dataset, _asked(table, identifier), fields, formed=not keys)


_Rows = Sequence[tuple[str, AttributeRow]]


def _asked(table: AttributeTable, identifier: Dataset | None) -> _Rows:
    """The rows that hold for what was asked."""
    return [
        (path, row)
        for path, row in table.rows.items()
        if not row.when_requested or (identifier is not None and requested(identifier, path))
    ]


def _judge(dataset: Dataset, rows: _Rows, fields: Mapping[str, str], *, formed: bool) -> Iterator[RowJudgement]:
    for path, row in rows:
        judgements = [
            judgement
            for spot in spots(dataset, path)
            if (judgement := _judge_spot(path, row, spot, _applies(dataset, row, spot, fields), formed=formed))
        ]
        yield from summed_up(judgements) if len(judgements) > 1 else judgements


def _judge_spot(
    row_path: str, row: AttributeRow, spot: Spot, applies: bool | None, *, formed: bool
) -> RowJudgement | None:
    value, valued = spot.value, spot.valued
    if formed and value and row.type != "-" and not well_formed(spot.vr, value):
        return RowJudgement(row_path, Outcome.VIOLATED, spot.path, f"a value of {spot.vr}", value)
    if row.at_most and spot.count > row.at_most:
        return RowJudgement(row_path, Outcome.VIOLATED, spot.path, f"at most {row.at_most} item", f"{spot.count} items")
    if applies is None and row.when and row.type != "3":
        return RowJudgement(row_path, Outcome.UNDECIDED, spot.path, row.when, "condition cannot be evaluated")
    if applies is False and row.only_then:
        outcome = Outcome.VIOLATED if valued else Outcome.MET
        return RowJudgement(row_path, outcome, spot.path, "no value", value or ("an item" if valued else ""))
    if not applies and row.type != "3":
        if valued and row.values and applies is None:
            return _judge_value(row_path, row, spot)
        if formed and spot.present and row.type == "1C" and applies is None and not row.when_requested:
            outcome = Outcome.MET if valued else Outcome.VIOLATED
            return RowJudgement(row_path, outcome, spot.path, "a value, or nothing at all", value or "empty")
        return RowJudgement(row_path, Outcome.NOT_APPLICABLE, spot.path, row.when or row.condition)
    return _judge_obligation(row_path, row, spot, formed=formed)


def _judge_obligation(row_path: str, row: AttributeRow, spot: Spot, *, formed: bool) -> RowJudgement | None:
    """What a row that applies says about one place."""
    value, valued = spot.value, spot.valued
    if row.type == "-":
        outcome = Outcome.VIOLATED if spot.present else Outcome.MET
        received = (value or "present") if spot.present else "absent"
        return RowJudgement(row_path, outcome, spot.path, "absent", received)
    if row.type.startswith("1") and not valued:
        return RowJudgement(row_path, Outcome.VIOLATED, spot.path, "a value", "empty" if spot.present else "absent")
    if formed and row.type.startswith("1") and is_unfilled(value):
        return RowJudgement(row_path, Outcome.VIOLATED, spot.path, "a value", value)
    if row.type.startswith("2") and not spot.present:
        return RowJudgement(row_path, Outcome.VIOLATED, spot.path, "present", "absent")
    if valued and row.values:
        return _judge_value(row_path, row, spot)
    if row.type != "3" or (row.at_most and valued):
        return RowJudgement(row_path, Outcome.MET, spot.path, "", value)
    return None


def _judge_value(row_path: str, row: AttributeRow, spot: Spot) -> RowJudgement:
    values = [value.strip() for value in spot.value.split("\\")]
    outcome = Outcome.MET if all(value in row.values for value in values) else Outcome.VIOLATED
    return RowJudgement(row_path, outcome, spot.path, " | ".join(row.values), spot.value)


def _applies(dataset: Dataset, row: AttributeRow, spot: Spot, fields: Mapping[str, str]) -> bool | None:
    """Whether the obligation applies here; None when that is prose or cannot be evaluated."""
    if row.when:
        return holds(
            row.when,
            lambda path: (fields[path],) if path in fields else _found(dataset, same_indices(path, spot.path)),
        )
    if row.condition or row.type in ("1C", "2C"):
        return None
    return True


def _found(dataset: Dataset, path: str) -> Iterator[str]:
    for spot in spots(dataset, path):
        if spot.valued:
            yield spot.value or "an item"


def legal(view: LegView, exchange: ExchangeView) -> bool:
    """Whether nothing that the tables are sure of speaks against a request."""
    form = view.dimse
    table = view.knowledge.attribute_tables.get(form.request_table) if form else None
    if form is None or table is None:
        return True
    dataset = exchange.request_dataset
    return dataset is not None and not any(
        judgement.outcome is Outcome.VIOLATED
        and table.rows[judgement.row].strength is Strength.SHALL
        and table.rows[judgement.row].confidence is not Confidence.UNSURE
        for judgement in judge(dataset, table, fields=_fields(exchange), keys=form.service in _QUERIES)
    )


def _fields(exchange: ExchangeView) -> Mapping[str, str]:
    command = exchange.exchange.request.command
    return command.fields if command is not None else _NO_FIELDS


def pending(exchange: ExchangeView) -> Iterator[tuple[int, Dataset]]:
    """The entries that a query returned, with their place among the responses."""
    for index, response in enumerate(exchange.exchange.responses):
        status = response.command.status if response.command else None
        dataset = exchange.response_datasets[index]
        if status is not None and is_pending(status) and dataset is not None:
            yield index, dataset
