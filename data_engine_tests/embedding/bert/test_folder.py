"""Folders of sentence models: only a BERT with a plain pooling is recognised."""

import json
from pathlib import Path

import pytest

from data_engine.embedding.bert.folder import find_folder, folder_of, recognise


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"model_type": "roberta"}),
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("config_sentence_transformers.json", {"default_prompt_name": "query"}),
        ("1_Pooling/config.json", {"pooling_mode_max_tokens": True}),
    ],
)
def test_a_folder_that_describes_anything_else_is_left_to_sentence_transformers(
    folder: Path, file: str, change: dict[str, object]
) -> None:
    assert recognise(folder) is not None
    described = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps(described | change))
    assert recognise(folder) is None


def test_a_path_may_name_variables_and_any_other_name_has_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELS", str(tmp_path))
    assert folder_of("$MODELS") == tmp_path
    assert find_folder("no/such-encoder") is None


def test_a_model_that_was_fetched_from_the_hub_before_is_found_in_its_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = tmp_path / "modules.json"
    asked: list[str] = []

    def cached(repository: str, file: str) -> str | None:
        asked.append(repository)
        return str(snapshot) if repository == "sentence-transformers/some-model" else None

    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", cached)
    assert find_folder("some-model") == tmp_path
    assert asked == ["some-model", "sentence-transformers/some-model"]
