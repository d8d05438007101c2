"""Where columns come from: what is declared is there, and a release goes back to its source."""

import pytest

from data_engine.runtime.plan import PLAN, STEPS
from data_engine.schemas import SCHEMAS
from data_engine.schemas.column_sources import MADE_OF, SOURCE, column_sources

_OF_SOURCE = {"path", "modified_at", "content", "id", "other_columns"}
_MADE = [spec.name for spec in PLAN if not spec.is_external]


@pytest.mark.parametrize("table", MADE_OF)
def test_what_is_declared_names_columns_that_are_there(table: str) -> None:
    assert MADE_OF[table].keys() <= set(SCHEMAS[table].names)
    for name in {each for names in MADE_OF[table].values() for each in names}:
        of, column = name.split(".")
        assert column in (_OF_SOURCE if of == SOURCE else SCHEMAS[of].names), name


@pytest.mark.parametrize("step", _MADE)
def test_a_column_comes_only_from_what_its_step_reads(step: str) -> None:
    reads = {SOURCE, *STEPS[step].reads, "balanced_subset"}
    found = column_sources(step, STEPS[step].reads, SCHEMAS)
    assert list(found) == SCHEMAS[step].names
    assert {of for pairs in found.values() for of, _ in pairs} <= reads
    declared = {name.split(".")[0] for names in MADE_OF.get(step, {}).values() for name in names}
    # A declaration of a table that the step does not read would be dropped in silence.
    assert declared <= reads


def test_the_text_and_the_label_of_a_release_go_back_to_the_source() -> None:
    def origins(table: str, column: str, seen: frozenset[tuple[str, str]] = frozenset()) -> set[str]:
        if table == SOURCE:
            return {column}
        if (table, column) in seen:
            return set()
        pairs = column_sources(table, STEPS[table].reads, SCHEMAS).get(column, ())
        return {each for pair in pairs for each in origins(*pair, seen | {(table, column)})}

    assert origins("release", "text") == {"content"}
    assert origins("release", "uri") == {"path"}
    assert origins("release", "metadata") == {"other_columns"}
    assert origins("release", "leaf") == {"content"}
    assert origins("release", "label") >= {"content"}


def test_by_its_name_a_column_comes_from_the_first_table_that_has_it() -> None:
    found = column_sources("release", STEPS["release"].reads, SCHEMAS)
    assert found["provenance"] == (("labels", "provenance"),)
    assert found["leaf"] == (("balanced_subset", "leaf"),)
    assert column_sources("first_pass", ["raw_index"], SCHEMAS)["threshold"] == ()
