from datetime import timedelta
from pathlib import Path

import pytest
from sound_tables import floats
from written_steps import NOON, keep_version, notes_runtime, pass_checks, write_step

from data_engine.errors import ChecksFailed, InvalidInput
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.made_from.encoders import (
    EncoderUsed,
    encoder_in_use,
    encoder_used,
    is_of_another,
    refuse_another,
    refuse_other_processor,
)
from data_engine.runtime.staleness import batches_of_other_encoders
from data_engine.runtime.versions import step_versions


def test_an_encoder_is_shown_by_its_name_and_by_the_version_where_that_says_more() -> None:
    assert EncoderUsed("hashed-ngrams", "hashed-ngrams-256-1").shown == "hashed-ngrams (version hashed-ngrams-256-1)"
    assert EncoderUsed("", "old-1").shown == "old-1"


def test_the_newest_vectors_say_which_encoder_is_in_use_and_rows_of_an_earlier_engine_say_it_themselves(
    tmp_path: Path,
) -> None:
    store = notes_runtime(tmp_path).store()
    rows = [{"sample_id": "a", "embedding": floats(1.0), "dim": 1, "encoder_version": "earlier-1"}]
    earlier = write_step(store, "embeddings", rows, "may")
    assert encoder_used(store, earlier) == EncoderUsed("", "earlier-1")
    assert encoder_in_use(store, []) == EncoderUsed("", "")
    made_with = {"encoder": "new", "encoder_version": "new-1"}
    newer = keep_version(store, "embeddings", "june", made_with=made_with, written_at=NOON + timedelta(hours=1))
    assert encoder_in_use(store, [newer, earlier]) == EncoderUsed("new", "new-1")
    assert is_of_another(store, earlier, EncoderUsed("new", "new-1"))
    assert not is_of_another(store, newer, EncoderUsed("new", "new-1"))
    unknown = keep_version(store, "embeddings", "july")
    assert not is_of_another(store, unknown, EncoderUsed("new", "new-1"))


def test_of_vectors_of_two_encoders_only_the_newest_are_open_and_the_others_are_stale(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    for hour, (batch, name) in enumerate((("may", "old"), ("june", "new"))):
        made_with = {"encoder": name, "encoder_version": f"{name}-1"}
        pass_checks(
            runtime,
            write_step(store, "embeddings", [], batch, made_with=made_with, written_at=NOON + timedelta(hours=hour)),
        )
    gate = CheckGate(runtime, store, "run")
    accepted, held = gate.sorted_out("embeddings")
    assert list(accepted) == ["june"]
    assert held["may"].startswith(
        "notes/embeddings of batch 'may' is of the encoder old (version old-1), but the newest embeddings are of new "
    )
    with pytest.raises(ChecksFailed, match="`data-engine run notes` embeds the batch anew"):
        gate.require("embeddings", "may")
    assert gate.encoder_in_use() == EncoderUsed("new", "new-1")
    assert batches_of_other_encoders(runtime, step_versions(store)) == ["may"]


def test_what_was_made_from_other_vectors_is_refused_with_both_encoders() -> None:
    now = EncoderUsed("new", "new-1")
    refuse_another("classifier", "new-1", now)
    refuse_another("classifier", None, EncoderUsed("", ""))
    with pytest.raises(ChecksFailed, match=r"made from vectors of old-1, but the embeddings are now of new \(version"):
        refuse_another("classifier", "old-1", now)
    with pytest.raises(ChecksFailed, match="an encoder that an earlier engine did not keep"):
        refuse_another("classifier", None, now)


def test_vectors_of_another_precision_of_the_same_encoder_are_refused_and_those_of_another_encoder_are_not() -> None:
    before = EncoderUsed("mini", "mini-1f2a-1-bfloat16")
    with pytest.raises(InvalidInput, match=r"are of mini-1f2a-1-bfloat16, but this host computes mini-1f2a-1-float32"):
        refuse_other_processor("notes", before, EncoderUsed("mini", "mini-1f2a-1-float32"))
    for other in ("mini-1f2a-1-bfloat16", "mini-9999-1-float32", "mini-1f2a-2-float32", "hashed", ""):
        refuse_other_processor("notes", before, EncoderUsed("mini", other))
    refuse_other_processor("notes", EncoderUsed("", ""), before)
