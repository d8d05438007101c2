"""`dg check yaml` points at the line that is wrong; loading (`dg check defs`) adds our own rules, as sentences."""

from pathlib import Path

import pytest
from dagster_dg_core.check import check_yaml
from dagster_dg_core.context import DgContext
from small_project import SmallProject, notes_corpus

from data_engine.errors import InvalidInput


def _say(project: SmallProject, capsys: pytest.CaptureFixture[str], file: Path) -> tuple[bool, list[str]]:
    """`dg check yaml` of one corpus. Returns: whether it holds, and the lines that were printed."""
    holds = check_yaml(DgContext.for_project_environment(project.folder, {}), [file.parent], False)
    return holds, capsys.readouterr().out.splitlines()


_LABELS = {"question": "Which?", "classes": ["a", "b"]}


@pytest.mark.parametrize(
    ("changes", "at", "marked", "sentence"),
    [
        ({"encodr": "x"}, "attributes.encodr", "encodr: x", "Additional properties are not allowed"),
        ({"tree": {"n_clusters": "many"}}, "attributes.tree.n_clusters", "n_clusters: many", "does not match '^auto$'"),
        (
            {"tree": {"n_clusters": 7}},
            "attributes.tree.n_clusters",
            "n_clusters: 7",
            "is not of type 'array', 'string'",
        ),
        ({"tree": {"levels": "some"}}, "attributes.tree.levels", "levels: some", "is not one of ['auto']"),
        (
            {"subset": {"target_size": 9, "method": "best"}},
            "attributes.subset.method",
            "method: best",
            "is not one of ['balanced'",
        ),
        (
            {"subset": {"target_size": 9, "compare_with": ["best"]}},
            "attributes.subset.compare_with.0",
            "- best",
            "is not one of ['balanced'",
        ),
        (
            {"labels": {"question": "About?", "classes": ["a", "b"], "strategy": "guess"}},
            "attributes.labels.strategy",
            "strategy: guess",
            "is not one of ['random', 'margin', 'entropy', 'least_confidence', 'hybrid', 'hybrid_balanced'",
        ),
        (
            {"release": {"formats": ["excel"]}},
            "attributes.release.formats.0",
            "- excel",
            "is not one of ['parquet', 'jsonl', 'csv']",
        ),
        ({"release": {"formats": []}}, "attributes.release.formats", "formats: []", "should be non-empty"),
        (
            {"source": {"kind": "excel", "path": "x"}},
            "attributes.source.kind",
            "kind: excel",
            "is not one of ['folder'",
        ),
        (
            {"first_pass": {"rules": {"stop_word": 2}}},
            "attributes.first_pass.rules",
            "rules:",
            "'stop_word' is not one of ['too_short', 'too_long', ",
        ),
        (
            {"first_pass": {"rules": {"stop_words": "two"}}},
            "attributes.first_pass.rules.stop_words",
            "stop_words: two",
            "'two' is not of type 'number', 'boolean', 'null'",
        ),
        (
            {"first_pass": {"rule_sets": ["gophr"]}},
            "attributes.first_pass.rule_sets.0",
            "- gophr",
            "'gophr' is not one of ['gopher', 'c4', 'fineweb']",
        ),
        (
            {"first_pass": {"rules": {"too_small": 64}}},
            "attributes.first_pass.rules",
            "rules:",
            "'too_small' is not one of ['too_short', ",
        ),
        (
            {"first_pass": {"rules": {"language": ["english"]}}},
            "attributes.first_pass.rules.language.0",
            "- english",
            "'english' is not one of ['af', ",
        ),
        (
            {"first_pass": {"rules": {"emails": True}}},
            "attributes.first_pass.rules.emails",
            "emails: true",
            "True should not be valid under {'const': True}",
        ),
        (
            {"first_pass": {"rules": {"perplexity": 9}}},
            "attributes.first_pass",
            "first_pass:",
            "'junk' is a required property",
        ),
        (
            {"first_pass": {"rules": {"content_share": 0.3}}},
            "attributes.first_pass",
            "first_pass:",
            "'page_content' is a required property",
        ),
        (
            {"first_pass": {"near_duplicate_similarity": True}},
            "attributes.first_pass.near_duplicate_similarity",
            "near_duplicate_similarity: true",
            "True should not be valid under {'const': True}",
        ),
        ({"drift": {"alarm_p": 7}}, "attributes.drift.alarm_p", "alarm_p: 7", "or equal to the maximum of 1"),
        (
            {"labels": _LABELS | {"deciders": ["oracle", "person"]}},
            "attributes.labels.deciders.0",
            "- oracle",
            "'oracle' is not one of ['rules', 'classifier', 'tree', 'foundation_model', 'person']",
        ),
        (
            {"labels": _LABELS | {"deciders": [{"name": "classifier", "price": 1}, "person"]}},
            "attributes.labels.deciders.0.price",
            "price: 1",
            "Additional properties are not allowed ('price' was unexpected)",
        ),
        (
            {"labels": _LABELS | {"kind": "smell"}},
            "attributes.labels.kind",
            "kind: smell",
            "'smell' is not one of ['class', 'objects']",
        ),
    ],
    ids=[
        "wrong key",
        "wrong word",
        "wrong type",
        "wrong levels",
        "wrong method",
        "wrong method to compare with",
        "wrong strategy",
        "wrong format",
        "no format",
        "wrong value",
        "unknown rule",
        "no limit",
        "unknown rule set",
        "rule of images",
        "unknown language",
        "nothing published",
        "no examples",
        "no pages",
        "similarity without a number",
        "out of range",
        "unknown decider",
        "wrong key of a decider",
        "unknown kind of answers",
    ],
)
def test_a_mistake_is_shown_with_file_line_and_caret(
    project: SmallProject,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, object],
    at: str,
    marked: str,
    sentence: str,
) -> None:
    file = project.add({**notes_corpus(project.folder / "source"), **changes})
    holds, said = _say(project, capsys, file)
    line_number = file.read_text("utf-8").splitlines().index(next(t for t in _lines(file) if t.strip() == marked)) + 1
    assert not holds
    assert said[0].startswith(f"{file}:{line_number} - ")
    assert at in said[0]
    assert sentence in said[0]
    shown = next(i for i, line in enumerate(said) if line.strip().startswith(f"{line_number} |"))
    assert marked in said[shown]
    assert said[shown + 1].split("|")[1].strip().startswith("^ ")
    assert said[shown + 1].index("^") == said[shown].index(marked.removeprefix("- "))


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines()


def test_a_corpus_without_mistakes_passes(project: SmallProject, capsys: pytest.CaptureFixture[str]) -> None:
    file = project.add(notes_corpus(project.folder / "source"))
    assert _say(project, capsys, file) == (True, ["All component YAML validated successfully."])


@pytest.mark.parametrize("tree", [None, {"levels": "auto"}, {"n_clusters": "auto"}, {"n_concepts": 4}])
def test_levels_may_be_automatic(
    project: SmallProject, capsys: pytest.CaptureFixture[str], tree: dict[str, object] | None
) -> None:
    attributes = notes_corpus(project.folder / "source", tree=tree)
    if tree is None:
        del attributes["tree"]
    assert _say(project, capsys, project.add(attributes))[0]
    assert project.load().runtime("notes").corpus.tree.fixed_levels is None


@pytest.mark.parametrize(
    ("changes", "at", "sentence"),
    [
        (
            {"tree": {"n_clusters": [20, 60]}},
            "attributes.tree",
            "n_clusters has 20 at level 1 and 60 at level 2; every level must be coarser than the one below it: give "
            "level 2 fewer than 20",
        ),
        (
            {"tree": {"levels": "auto", "n_clusters": [20, 6]}},
            "attributes.tree",
            "levels is auto and n_clusters is [20, 6]; give one of them, remove the other",
        ),
        (
            {"tree": {"levels": "auto", "n_resamples": 10, "resample_sizes": [2]}},
            "attributes.tree",
            "resample_sizes is [2] but the levels are automatic, which bring their own; remove resample_sizes, or give "
            "n_clusters",
        ),
        (
            {
                "tree": {"levels": "auto", "n_resamples": 3},
                "subset": {"target_size": 9, "method": "hierarchical"},
            },
            "attributes",
            "subset.method is hierarchical but tree.n_resamples is 3; choose from that tree by the method "
            "hierarchical_resampled, or remove n_resamples",
        ),
        (
            {"subset": {"target_size": 0}},
            "attributes.subset.target_size",
            "target_size is 0; it must be positive: give the number of samples you want",
        ),
        (
            {"labels": {"question": "About?", "classes": ["baking", "trains", "baking"]}},
            "attributes.labels.classes",
            "classes names ['baking'] more than once; keep each class once",
        ),
        (
            {"known_label_column": None},
            "attributes",
            "review.simulated needs the truth to answer from; set known_label_column or remove review.simulated",
        ),
        (
            {"modality": "image", "first_pass": {"junk": {"good": "good", "junk": "junk"}}},
            "attributes",
            "first_pass.junk learns from texts but modality is image; remove first_pass.junk and give limits",
        ),
        (
            {"modality": "image", "first_pass": {"page_content": {"examples": "pages.jsonl"}}},
            "attributes",
            "first_pass.page_content learns from texts but modality is image; remove first_pass.page_content",
        ),
        (
            {"subset": {"target_size": 9, "method": "best"}},
            "attributes.subset.method",
            "method is 'best', which does not exist; use one of balanced, ",
        ),
        (
            {"source": {"kind": "excel", "path": "x"}},
            "attributes.source.kind",
            "kind is 'excel', which does not exist; use one of folder, ",
        ),
        ({"drift": {"alarm_p": 7}}, "attributes.drift.alarm_p", "Input should be less than 1, and not 7"),
    ],
    ids=[
        "not coarser",
        "levels twice",
        "sizes without levels",
        "a resampled tree and a method without",
        "no target",
        "a class twice",
        "simulated without truth",
        "examples of texts for images",
        "pages for images",
        "a method that does not exist",
        "a kind of source that does not exist",
        "out of range",
    ],
)
def test_our_own_rules_are_sentences_with_file_and_line_when_the_project_loads(
    project: SmallProject, changes: dict[str, object], at: str, sentence: str
) -> None:
    file = project.add({**notes_corpus(project.folder / "source"), **changes})
    with pytest.raises(InvalidInput, match="a corpus cannot be loaded") as failed:
        _ = project.load().definitions
    assert f"`{at} at {file}:" in str(failed.value)
    assert sentence in str(failed.value)
    assert str(failed.value).endswith("; mend its defs.yaml, then run the command again, or `dg check defs`")
    assert not any(noise in str(failed.value) for noise in ("pydantic", "input_value", "Value error", "dg check yaml"))
