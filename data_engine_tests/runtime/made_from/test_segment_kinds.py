from dataclasses import replace
from pathlib import Path

from written_steps import keep_version, notes_runtime

from data_engine.filtering.near_search import OF_IMAGES, OF_TEXTS
from data_engine.runtime.made_from.segment_kinds import name_of, segment_kind, segment_name


def test_a_segment_is_called_by_its_rows_and_the_keys_that_it_holds(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    version = keep_version(runtime.store(), "first_pass", "may", table_version=4)
    assert name_of(OF_IMAGES.kind(0.97), version) == "d1:4:turned hashes"
    assert name_of(OF_TEXTS.kind(0.8), replace(version, table_version=5)) == f"d1:5:{segment_kind(runtime.corpus).name}"
    looser = runtime.corpus.model_copy(
        update={"first_pass": runtime.corpus.first_pass.model_copy(update={"near_duplicate_similarity": 0.5})}
    )
    assert segment_name(runtime.corpus, version) != segment_name(looser, version)
