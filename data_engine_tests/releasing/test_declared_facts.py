from typing import Any

import pyarrow as pa

from data_engine.corpus import Corpus
from data_engine.releasing.declared_facts import changes_of_facts, declared_facts
from data_engine.releasing.rows import release_fingerprint


def _declared(corpus: Corpus, release: pa.Table, **changed: Any) -> dict[str, Any]:
    block = corpus.release.model_copy(update=changed)
    rest = {"release": block.model_dump(mode="json")}
    return declared_facts(corpus.model_copy(update={"release": block}), release, rest)


def _answered_by(release: pa.Table, provenance: str) -> pa.Table:
    column = release.schema.get_field_index("provenance")
    return release.set_column(column, "provenance", pa.array([provenance] * release.num_rows))


def test_what_is_declared_is_what_differs_from_the_default(corpus: Corpus, release: pa.Table) -> None:
    usual = {"title": "", "description": "", "licence": "unknown", "attribution": ""}
    by_people = _answered_by(release, "human")
    assert _declared(corpus, by_people, **usual) == {}
    assert _declared(corpus, by_people, **usual | {"licence": "MIT"}) == {"release": {"licence": "MIT"}}
    assert release_fingerprint(by_people, {}) == release_fingerprint(by_people)
    assert release_fingerprint(by_people, {"release": {"licence": "MIT"}}) != release_fingerprint(by_people)


def test_labels_that_no_person_saw_declare_what_certifies_them(corpus: Corpus, release: pa.Table) -> None:
    assert "certified" not in _declared(corpus, _answered_by(release, "human"))
    found = _declared(corpus, _answered_by(release, "rule_auto"))["certified"][""]
    assert found["precision"] == {"rules": corpus.labels.target_of("rules")}
    assert found["confidence"] == corpus.labels.confidence


def test_facts_are_compared_by_name_also_with_a_release_that_declares_none() -> None:
    former = {"configuration": {"release": {"licence": "unknown", "title": "", "images": True}}}
    now = {
        "configuration": {"release": {"licence": "MIT", "title": "Notes", "images": True, "formats": ["csv"]}},
        "declared": {"release": {"licence": "MIT"}, "certified": {"": {"confidence": 0.9}}},
    }
    assert changes_of_facts(former, now) == {
        "certified.confidence": ("", "0.9"),
        "formats": ("", "csv"),
        "licence": ("unknown", "MIT"),
        "title": ("", "Notes"),
    }
    assert changes_of_facts(now, now) == {}
