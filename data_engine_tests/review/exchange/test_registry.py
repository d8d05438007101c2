"""What every exchange format has to be able to do: nothing is lost on the way, and nothing but a clear error comes."""

import json
from pathlib import Path

import pytest
from exchanged_batches import LATER, answers_of, place, provenances
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_engine.errors import InvalidInput
from data_engine.review.exchange.exchanged import Exchange
from data_engine.review.exchange.registry import EXCHANGE_FORMATS, exchange_format, read_file, write_file

FORMATS = sorted(EXCHANGE_FORMATS)


def _written(exchange: Exchange, name: str, folder: Path) -> Path:
    path = folder / f"batches{EXCHANGE_FORMATS[name].suffix}"
    write_file(exchange, name, path)
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_what_a_format_writes_it_reads_to_the_same(exported, name, tmp_path):
    path = _written(exported, name, tmp_path)
    assert read_file(name, path) == exported
    first = path.read_bytes()
    assert _written(exported, name, tmp_path).read_bytes() == first


@pytest.mark.parametrize("name", FORMATS)
def test_answers_arrive_in_an_empty_queue_as_imported_ones_and_only_once(full_queue, exported, empty, name, tmp_path):
    path = _written(exported, name, tmp_path)
    first = empty.take_in(read_file(name, path), place(), of=path.name, now=LATER)
    assert (first.batches, first.n_tasks, {k: len(v) for k, v in first.outcomes.items()}) == (
        ("b1", "b2"),
        6,
        {"new": 9},
    )
    assert answers_of(empty) == answers_of(full_queue)
    assert provenances(empty) == {"imported": 8, "simulated": 1, "adjudicated": 1, "with seconds": 0}
    before = empty.tables()
    again = empty.take_in(read_file(name, path), place(), of=path.name, now=LATER)
    assert (again.has_changed, {k: len(v) for k, v in again.outcomes.items()}) == (False, {"repeated": 9})
    assert empty.tables() == before


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_of_the_own_queue_changes_nothing_in_it(full_queue, exported, name, tmp_path):
    from data_engine.review.exchange.exchange_queue import ExchangeQueue

    before = full_queue.tables()
    url = full_queue._engine.url.render_as_string(hide_password=False)
    with ExchangeQueue(url) as same:
        found = same.take_in(read_file(name, _written(exported, name, tmp_path)), place(), of="file", now=LATER)
    assert not found.has_changed
    assert full_queue.tables() == before
    assert provenances(full_queue)["human"] == 4


def test_an_unknown_format_names_those_that_there_are():
    with pytest.raises(InvalidInput, match="must be one of label_studio, jsonl, csv, parquet, coco"):
        exchange_format("xls")


@pytest.mark.parametrize("name", FORMATS)
def test_a_missing_file_a_folder_and_bytes_that_are_none_of_it_are_told_with_the_name(name, tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InvalidInput, match=rf"{path.name}, .*nothing was imported"):
            read_file(name, path)
    broken = tmp_path / "broken"
    for content in (
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a": ',
        b"7",
        b"null",
        b"[1]",
        b'[{"data": 1}]',
        b'{"images": 1}',
    ):
        broken.write_bytes(content)
        with pytest.raises(InvalidInput, match=r"broken, .*nothing was imported"):
            read_file(name, broken)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=3,
)


@pytest.mark.parametrize("name", ["coco", "jsonl", "label_studio"])
def test_any_value_in_the_place_of_another_is_read_or_refused_and_never_an_error_of_the_reader(
    exported, name, tmp_path
):
    path = _written(exported, name, tmp_path)
    lines = path.read_text("utf-8").splitlines() if name == "jsonl" else [path.read_text("utf-8")]
    documents = [json.loads(line) for line in lines]
    places = [(n, at) for n, document in enumerate(documents[:3]) for at in _places(document)]

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.sampled_from(places), _VALUES)
    def check(where, value):
        changed = json.loads(json.dumps(documents))
        target, number = changed, [where[0], *where[1]]
        for key in number[:-1]:
            target = target[key]
        target[number[-1]] = value
        text = "\n".join(map(json.dumps, changed)) if name == "jsonl" else json.dumps(changed[0])
        path.write_text(text, "utf-8")
        try:
            read_file(name, path)
        except InvalidInput as error:
            assert "nothing was imported" in str(error)

    check()


def _places(value, at=()):
    """Every place of a document, the document itself included, a few of each list."""
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    return [at, *(found for key, each in inner for found in _places(each, (*at, key)))]
