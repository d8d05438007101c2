import re
from pathlib import Path
from typing import Any

import pytest
from small_project import SmallProject, notes_corpus, write_notes
from written_steps import keep_version

from data_engine.errors import InvalidInput
from data_engine.runtime.made_from.named_in_data import check_names_in_data
from data_engine.runtime.source_listing import batches_of
from data_engine.runtime.versions import step_versions

_SOURCE: dict[str, Any] = {"kind": "jsonl", "path": "source", "pattern": "*.jsonl", "id_column": "id"}
_JUNK = {"column": "is_junk", "batches": ["may.jsonl"]}


def _check(project: SmallProject, **changes: Any) -> None:
    project.add({**notes_corpus(Path("source")), **changes})
    runtime = project.load().runtime("notes")
    batches = batches_of(runtime)
    known = step_versions(runtime.store())
    stale = {batch: "raw_index" for batch in batches if ("raw_index", batch) not in known}
    check_names_in_data(runtime.corpus, batches, known, stale)


def _refused(project: SmallProject, **changes: Any) -> str:
    with pytest.raises(InvalidInput) as failed:
        _check(project, **changes)
    return str(failed.value)


@pytest.mark.parametrize(
    ("changes", "field", "asked", "there"),
    [
        ({"source": {**_SOURCE, "text_column": "body"}}, "source.text_column", "'body'", "'id', 'text', 'topic'"),
        ({"source": {**_SOURCE, "id_column": "number"}}, "source.id_column", "'number'", "'id', 'text', 'topic'"),
        ({"source": {**_SOURCE, "keep_where_any": ["good"]}}, "source.keep_where_any", "'good'", "'id', 'text'"),
        (
            {"source": {**_SOURCE, "uri_pattern": "(?P<a>x+)/y"}},
            "source.uri_pattern",
            "'(?P<a>x+)/y'",
            "'july.jsonl#1'",
        ),
        ({"known_label_column": "topics"}, "known_label_column", "'topics'", "'topic'"),
        ({"known_label_column": "text"}, "known_label_column", "'text'", "'topic'"),
        ({"known_label_pattern": "about (.+)"}, "known_label_pattern", "'about (.+)'", "'baking'"),
        ({"first_pass": {"junk": _JUNK}}, "first_pass.junk.column", "'is_junk'", "'topic'"),
        ({"first_pass": {"junk": {**_JUNK, "batches": ["mai"]}}}, "first_pass.junk.batches", "'mai'", "'june.jsonl'"),
    ],
)
def test_a_name_that_the_data_lack_is_told_with_file_field_line_and_what_there_is(
    notes: SmallProject, changes: dict[str, Any], field: str, asked: str, there: str
) -> None:
    said = _refused(notes, **changes)
    place = re.match(re.escape(field) + r" at (\S+defs\.yaml):(\d+) asks for ", said)
    assert place is not None, said
    line = Path(place[1]).read_text("utf-8").splitlines()[int(place[2]) - 1]
    assert line.strip().removeprefix("- ").split(":")[0] in (*field.split("."), "source")
    assert asked in said and there in said
    assert "jsonl" in said


def test_of_the_columns_that_mark_samples_one_is_enough_where_rows_may_leave_columns_out(notes: SmallProject) -> None:
    _check(notes, source={**_SOURCE, "keep_where_any": ["rare", "topic"]})
    said = _refused(notes, source={**_SOURCE, "keep_where_any": ["rare", "seldom"]})
    assert "source.keep_where_any at " in said and "asks for one of the columns 'rare', 'seldom', which no file" in said


def test_the_id_of_a_sample_is_no_metadata_that_could_hold_labels(notes: SmallProject) -> None:
    said = _refused(notes, known_label_column="id")
    assert "asks for the column 'id', which is the text or the id of the samples, and no metadata" in said


def test_what_the_data_have_passes_also_where_one_file_of_several_lacks_it(notes: SmallProject) -> None:
    _check(notes)
    (notes.folder / "source" / "april.jsonl").write_text('{"id": "x", "body": "another shape"}\n', "utf-8")
    (notes.folder / "source" / "empty.jsonl").touch()
    _check(notes)


def test_a_column_that_batches_were_read_with_is_not_asked_for_again(notes: SmallProject) -> None:
    store = notes.load().runtime("notes").store()
    for batch in ("may.jsonl", "june.jsonl", "july.jsonl"):
        keep_version(store, "raw_index", batch)
    for path in (notes.folder / "source").iterdir():
        path.unlink()
    write_notes(notes.folder / "source", "may", 3, 1)
    (notes.folder / "source" / "august.jsonl").write_text('{"id": "x", "body": "b", "topic": "t"}\n', "utf-8")
    _check(notes)


def test_labels_are_asked_for_again_only_when_the_column_or_the_pattern_is_another(notes: SmallProject) -> None:
    store = notes.load().runtime("notes").store()
    made_with = {"known_label_column": "topics", "known_label_pattern": None}
    keep_version(store, "balanced_subset", made_with=made_with)
    _check(notes, known_label_column="topics")
    assert "asks for the column 'subject'" in _refused(notes, known_label_column="subject")
