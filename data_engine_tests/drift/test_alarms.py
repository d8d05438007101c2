import pyarrow as pa

from data_engine.drift import alarms


def report(*rows: tuple[str, float | None, bool, bool | None]) -> pa.Table:
    names = ("batch", "p_value", "is_alarm", "is_suspect")
    types = pa.schema(
        [("batch", pa.string()), ("p_value", pa.float64()), ("is_alarm", pa.bool_()), ("is_suspect", pa.bool_())]
    )
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema=types)


def test_one_certain_batch_is_an_alarm_and_one_suspect_is_none() -> None:
    assert alarms(report(("1", 0.002, True, True), ("2", 0.4, False, False))) == {"1": 0.002}
    assert alarms(report(("1", 0.03, False, True), ("2", 0.4, False, False), ("3", 0.03, False, True))) == {}


def test_two_suspects_in_a_row_are_an_alarm_of_the_second_whatever_the_order_of_the_rows() -> None:
    rows = [("2026-06", 0.03, False, True), ("2026-05", 0.04, False, True), ("2026-07", 0.5, False, False)]
    assert alarms(report(*rows)) == {"2026-06": 0.03}


def test_a_batch_that_could_not_be_compared_is_passed_over() -> None:
    rows = [("1", 0.03, False, True), ("2", None, False, False), ("3", 0.04, False, True)]
    assert alarms(report(*rows)) == {"3": 0.04}


def test_rows_of_an_earlier_version_say_nothing_of_suspicion() -> None:
    assert alarms(report(("1", 0.03, False, None), ("2", 0.04, False, None), ("3", 0.001, True, None))) == {"3": 0.001}
