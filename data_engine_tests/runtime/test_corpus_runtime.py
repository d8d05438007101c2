from pathlib import Path

import pytest
from small_project import notes_corpus

from data_engine.corpus import Corpus
from data_engine.quality import CHECKS
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import MADE_STEPS


def _changed(one: dict[str, object], other: dict[str, object]) -> set[str]:
    """The steps whose versions differ between two descriptions."""
    first, second = (
        CorpusRuntime(Corpus.model_validate(notes_corpus(Path("s"), **said)), Path()) for said in (one, other)
    )
    return {step for step in MADE_STEPS if first.code_version(step) != second.code_version(step)}


def test_another_seed_is_another_version_of_what_is_learnt_or_drawn_by_it_and_of_nothing_else() -> None:
    drawn = {"first_pass", "drift_report", "cluster_tree", "balanced_subset", "classifier", "proposals", "labels"}
    assert _changed({"seed": 1}, {"seed": 2}) == drawn


def test_settings_that_a_step_reads_of_another_block_are_part_of_its_version() -> None:
    one, other = ({"known_label_column": "topic", "known_label_pattern": pattern} for pattern in ("(a)", "(b)"))
    assert _changed(one, other) >= {"balanced_subset", "quality_report"}


def test_what_a_foundation_model_is_told_of_the_classes_is_part_of_the_version_of_what_asks_it() -> None:
    assert _changed({"review": {"definitions": {"baking": "bread"}}}, {"review": {}}) == {"proposals"}
    assert _changed({"review": {"instructions": "Look twice."}}, {"review": {}}) == {"proposals"}


def test_another_line_in_the_file_of_classes_is_another_version_of_what_learns_the_classes(tmp_path: Path) -> None:
    labels = {"question": "?", "classes": "classes.txt"}
    corpus = Corpus.model_validate(notes_corpus(tmp_path, labels=labels), context={"folder": str(tmp_path)})
    corpus = corpus.model_copy(update={"folder": str(tmp_path)})
    versions, rules = [], []
    for text in ("baking\ngarden\n", "baking\n"):
        (tmp_path / "classes.txt").write_text(text, "utf-8")
        runtime = CorpusRuntime(corpus, tmp_path)
        versions.append({step: runtime.code_version(step) for step in MADE_STEPS})
        rules.append({step: runtime.rules_version(step) for step in CHECKS})
    changed = {step for step, version in versions[0].items() if versions[1][step] != version}
    assert changed == {"classifier", "proposals", "labels", "quality_report", "release"}
    judged_anew = {step for step, version in rules[0].items() if rules[1][step] != version}
    assert judged_anew == CHECKS.keys() - {"raw_index", "first_pass", "embeddings", "drift_report", "cluster_tree"}


def test_another_least_agreement_of_annotators_has_their_answers_judged_anew(tmp_path: Path) -> None:
    described = [notes_corpus(tmp_path, review={"min_agreement": least}) for least in (0.4, 0.5)]
    rules = [
        CorpusRuntime(Corpus.model_validate(each), tmp_path).rules_version("reviewed_labels") for each in described
    ]
    assert rules[0] != rules[1]


def test_what_reads_the_tables_of_a_step_belongs_to_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        "data_engine.runtime.corpus_runtime.code_fingerprint", lambda modules, **_: asked.append(modules) or ""
    )
    CorpusRuntime(Corpus.model_validate(notes_corpus(Path("s"))), Path()).code_version("labels")
    assert {"data_engine.runtime.step_inputs", "data_engine.runtime.embeddings"} <= set(asked[0])


def test_another_encoder_is_another_version_of_all_that_learns_from_vectors() -> None:
    assert _changed({"encoder": "one"}, {"encoder": "other"}) == {"embeddings", "cluster_tree", "classifier"}
