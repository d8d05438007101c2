import json
from pathlib import Path

from written_steps import notes_runtime

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import execute

DOUGH = "knead the dough of the bread with flour and butter near the oven"


def _batch(runtime: CorpusRuntime, batch: str, *texts: str) -> None:
    folder = runtime.project_folder / "source"
    folder.mkdir(exist_ok=True)
    lines = [json.dumps({"id": f"{batch}{number}", "text": text}) + "\n" for number, text in enumerate(texts)]
    (folder / f"{batch}.jsonl").write_text("".join(lines), "utf-8")
    execute(runtime, "raw_index", f"{batch}.jsonl", run_id="run")


def test_a_sample_that_another_batch_has_kept_is_rejected_and_the_ledger_names_its_twin(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path, first_pass={"min_kept_share": 0.0})
    _batch(runtime, "may", DOUGH, "tiny")
    _, may = execute(runtime, "first_pass", "may.jsonl", run_id="run")
    assert may.table["reason"].to_pylist() == ["kept", "too_short"]
    assert may.metadata == {"kept": 1, "too_short": 1}
    twin = may.table["sample_id"][0].as_py()
    _batch(runtime, "june", DOUGH, "sail the boat with the wind to the island and back to the harbour")
    _, june = execute(runtime, "first_pass", "june.jsonl", run_id="run")
    assert june.table["reason"].to_pylist() == ["exact_duplicate", "kept"]
    decided = runtime.store().read("ledger", partition={"step": "first_pass", "batch": "june.jsonl"}).to_pylist()
    assert {row["reason"] for row in decided} == {f"exact_duplicate of {twin}", "kept"}
    # Judged again, the batch that was first keeps what it kept.
    _, again = execute(runtime, "first_pass", "may.jsonl", run_id="run")
    assert again.data_version == may.data_version
