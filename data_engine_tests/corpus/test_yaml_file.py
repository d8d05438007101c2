"""Every mistake in a corpus' YAML is a sentence with file and line."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_engine.corpus.yaml_file import COMPONENT, CheckedFile, check_file, place_of

SOUND = f"""type: {COMPONENT}
attributes:
  name: notes
  source:
    kind: jsonl
    path: notes
  subset:
    target_size: 40
  labels:
    question: About?
    classes: [baking, sailing]
"""


def checked(folder: Path, content: str | bytes) -> CheckedFile:
    path = folder / "defs.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = check_file(path)
    assert found is not None
    return found


def test_another_component_of_dagster_is_no_corpus(tmp_path: Path) -> None:
    path = tmp_path / "defs.yaml"
    path.write_text("type: dagster.DefsFolderComponent\nattributes: {}\n", "utf-8")
    assert check_file(path) is None


def test_a_sound_file_has_a_name_and_no_mistake(tmp_path: Path) -> None:
    for content in (SOUND, "\ufeff" + SOUND, SOUND.replace("\n", "\r\n"), "# begins with a remark\n" + SOUND):
        found = checked(tmp_path, content)
        assert (found.name, found.mistakes) == ("notes", ())


@pytest.mark.parametrize(
    ("content", "line", "sentence"),
    [
        (SOUND.replace("  source:", "\tsource:"), 4, "a tab stands where YAML asks for spaces"),
        (SOUND.replace("    kind", "  \tkind"), 5, "a tab stands where YAML asks for spaces"),
        (SOUND + "  subset:\n    target_size: 9\n", 12, "the key 'subset' stands in line 7 too; keep one of them"),
        (SOUND.replace("    path", "    kind: csv\n    path"), 6, "the key 'kind' stands in line 5 too"),
        (SOUND + "type: x\n", 12, "the key 'type' stands in line 1 too"),
        (SOUND.encode("utf-16"), 1, "is no text in UTF-8; save the file as UTF-8"),
        (SOUND.replace("About?", "Qu\xe9?").encode("latin-1"), 10, "is no text in UTF-8"),
        (SOUND.replace("About?", "'About?"), 10, "is no YAML: "),
        (SOUND.replace("[baking, sailing]", "[baking, sailing"), 11, "is no YAML: "),
        (SOUND.replace("About?", "Which: one: it?"), 10, "is no YAML: mapping values are not allowed here"),
        (SOUND.replace("About?", "\x01"), 10, "has a character that YAML does not allow (#x0001)"),
        (SOUND.replace("type: ", "typ: "), 1, f"type is missing; a corpus has `type: {COMPONENT}`"),
        (SOUND.replace(COMPONENT, "[a, b]"), 1, f"type is not one name; a corpus has `type: {COMPONENT}`"),
        ("type: foo\nattributes: {}\n", 1, "type is 'foo', which is no class with its module; a corpus has `type: "),
        ("type: no.such.Thing\n", 1, "type is 'no.such.Thing', whose module cannot be imported (No module named 'no')"),
        ("type: os.path.join\n", 1, "type is 'os.path.join', but os.path has no class of that name"),
        ("type: pathlib.Path\n", 1, "type is 'pathlib.Path', which is no component of Dagster"),
        (SOUND.replace("CorpusComponent", "CorpusComponnt"), 1, "type is 'data_engine.orchestration.component.Corpus"),
        (SOUND.replace("attributes:", "attribute:"), 2, "there is no key 'attribute'; did you mean attributes?"),
        (f"type: {COMPONENT}\nattributes: []\n", 2, "attributes holds no keys"),
        (SOUND.replace("target_size", "taget_size"), 8, "there is no key 'taget_size'; did you mean target_size?"),
        (SOUND.replace("labels:", "lables:"), 9, "there is no key 'lables'; did you mean labels?"),
        (SOUND + "  zebra: 1\n", 12, "there is no key 'zebra'; the keys are name, modality, source"),
        (
            SOUND.replace("40", "many"),
            8,
            "Input should be a valid integer, unable to parse string as an integer",
        ),
        (SOUND.replace("baking", "0"), 11, "Input should be a valid string, and not 0"),
        (SOUND.replace("sailing", "' baking '"), 11, "classes names ['baking'] more than once"),
        (SOUND.replace("sailing", "'  '"), 11, "classes has an empty name at place 2; name it, or remove it"),
        (SOUND + "    other: rest\n", 9, "other is 'rest', which is no class; add it to classes"),
        (SOUND + "    out_of_scope: rest\n", 9, "out_of_scope is 'rest', which is no class"),
        (SOUND.replace("name: notes", "name: Notes"), 3, "String should match pattern"),
        (SOUND.replace("[baking, sailing]", "classes.txt") + "    other: rest\n", 9, "other is 'rest', which is no cl"),
    ],
)
def test_a_mistake_is_a_sentence_with_file_and_line(
    tmp_path: Path, content: str | bytes, line: int, sentence: str
) -> None:
    (tmp_path / "classes.txt").write_text("a\nb\n", "utf-8")
    found = checked(tmp_path, content)
    assert any(f"defs.yaml:{line}" in mistake and sentence in mistake for mistake in found.mistakes), found.mistakes
    assert found.sentence.startswith("a corpus cannot be loaded: ")


@pytest.mark.parametrize("content", ["", "\n\n", "# nothing\n", "---\n", "just words", "- a\n- b\n", "[]"])
def test_a_file_without_keys_is_no_corpus_and_says_how_one_begins(tmp_path: Path, content: str) -> None:
    (mistake,) = checked(tmp_path, content).mistakes
    assert mistake.endswith(f"begin it with `type: {COMPONENT}`")


def test_a_class_file_is_checked_with_its_corpus_and_may_be_added_later(tmp_path: Path) -> None:
    content = SOUND.replace("[baking, sailing]", "classes.txt")
    assert checked(tmp_path, content).mistakes == ()
    (tmp_path / "classes.txt").write_text("a\nb\na\n", "utf-8")
    (mistake,) = checked(tmp_path, content).mistakes
    assert mistake.startswith(f"{tmp_path / 'classes.txt'}:3: the class 'a' stands in line 1 too")
    (tmp_path / "classes.txt").write_text("a\n", "utf-8")
    (mistake,) = checked(tmp_path, content).mistakes
    assert mistake.endswith("defs.yaml:9`: classes has 1 entries; a question needs at least 2 possible answers")


def test_a_file_of_another_component_is_none_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "defs.yaml"
    path.write_text("type: dagster.DefsFolderComponent\n", "utf-8")
    assert check_file(path) is None


def test_values_that_dagster_fills_in_are_left_to_it(tmp_path: Path) -> None:
    assert checked(tmp_path, SOUND.replace("40", "'{{ env.SIZE }}'")).mistakes == ()


def test_aliases_that_multiply_or_hold_themselves_end(tmp_path: Path) -> None:
    many = "\n".join(f"  k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]" for n in range(30))
    assert checked(tmp_path, f"type: {COMPONENT}\nattributes:\n{many}\n").mistakes
    assert checked(tmp_path, f"type: {COMPONENT}\nattributes: &a\n  name: *a\n").mistakes


_TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
_PLACES = ["name", "source", "batches", "first_pass", "tree", "subset", "labels", "review", "release", "seed", "zebra"]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(_PLACES), _TREES)
def test_whatever_stands_at_a_key_the_file_is_sound_or_its_mistakes_have_lines(
    tmp_path: Path, key: str, value: object
) -> None:
    content = yaml.safe_load(SOUND)
    content["attributes"][key] = value
    found = checked(tmp_path, yaml.safe_dump(content, allow_unicode=True))
    assert all(f"{found.path}:" in mistake for mistake in found.mistakes)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(SOUND)), st.integers(0, 9), st.binary(max_size=6))
def test_whatever_bytes_are_replaced_nothing_is_raised(tmp_path: Path, place: int, n_gone: int, put: bytes) -> None:
    path = tmp_path / "defs.yaml"
    content = SOUND.encode()
    path.write_bytes(content[:place] + put + content[place + n_gone :])
    found = check_file(path)
    assert found is None or all(str(path) in mistake for mistake in found.mistakes)


def test_a_field_is_told_with_the_line_where_it_or_its_block_stands(tmp_path: Path) -> None:
    checked(tmp_path, SOUND)
    path = tmp_path / "defs.yaml"
    assert place_of(str(tmp_path), "source", "path") == f"source.path at {path}:6"
    assert place_of(str(tmp_path), "source", "text_column") == f"source.text_column at {path}:4"
    assert place_of("", "source", "path") == "source.path"
    path.write_text("no: [yaml", "utf-8")
    assert place_of(str(tmp_path), "seed") == "seed"


@pytest.mark.parametrize("value", ["!!timestamp x", "!!bool foo", "!!int x", "!!float y"])
def test_a_value_that_its_tag_does_not_fit_is_a_mistake_of_its_file(tmp_path: Path, value: str) -> None:
    (mistake,) = checked(tmp_path, SOUND.replace("About?", value)).mistakes
    assert mistake.startswith(f"{tmp_path / 'defs.yaml'}: is no YAML (")


def test_a_second_document_is_refused_and_an_empty_one_is_none(tmp_path: Path) -> None:
    (mistake,) = checked(tmp_path, f"{SOUND}---\n{SOUND}").mistakes
    assert mistake.startswith(
        f"{tmp_path / 'defs.yaml'}:{SOUND.count(chr(10)) + 1}: a second document begins; give each"
    )
    assert checked(tmp_path, f"---\n{SOUND}---\n").mistakes == ()
