"""Project: the folder with the corpora's YAML files, found from where a command is given."""

import hashlib
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
from pydantic import ValidationError

from data_engine.corpus.yaml_file import CheckedFile
from data_engine.errors import DataEngineError, InvalidInput
from data_engine.errors.secret_texts import harmless
from data_engine.orchestration.component import CorpusComponent
from data_engine.orchestration.launch.corpus_files import CorpusFiles, check_files
from data_engine.orchestration.launch.project_folder import find_project_folder
from data_engine.places.place import place
from data_engine.runtime.corpus_runtime import CorpusRuntime


@dataclass(frozen=True)
class Project:
    """A dg project whose defs folder holds one YAML file per corpus."""

    folder: Path

    @classmethod
    def find(cls, start: Path, *, makes_home: bool = True) -> "Project":
        """The project around a folder; see `project_folder.find_project_folder`."""
        return cls(find_project_folder(start, makes_home=makes_home))

    @cached_property
    def _tree(self) -> dg.ComponentTree:
        # The project's own package, also where nobody has installed it; what is installed goes before.
        for folder in (str(self.folder), str(self.folder / "src")):
            if folder not in sys.path:
                sys.path.append(folder)
        return dg.ComponentTree.for_project(self.folder)

    @property
    def defs_folder(self) -> Path:
        """Where the folders of its corpora are."""
        return Path(self._tree.defs_module_path)

    @cached_property
    def files(self) -> CorpusFiles:
        """The YAML files of corpora, each checked by itself."""
        return check_files(self._tree.defs_module_path)

    @cached_property
    def definitions(self) -> dg.Definitions:
        """Everything that the Dagster UI loads. A corpus that cannot be built is an asset that says why.

        Raises: InvalidInput where no corpus can be built.
        """
        if not self.files.broken:
            return self._built()
        for broken in self.files.broken:
            dg.get_dagster_logger("data_engine").error(broken.sentence)
        return dg.Definitions.merge(
            *(_build(tree) for tree in self._sound_trees.values()),
            dg.Definitions(assets=[_not_loaded(broken) for broken in self.files.broken]),
        )

    def definitions_of(self, runtime: CorpusRuntime) -> dg.Definitions:
        """The graph of one corpus, as its folder in `defs` describes it; what a command needs that runs it."""
        folder = Path(runtime.corpus.folder)
        return _build(self._sound_trees[folder]) if self.files.broken else self._built(folder)

    def _built(self, folder: Path | None = None) -> dg.Definitions:
        """The definitions of a folder of `defs`; of all when none is given."""
        return _build(self._tree, folder)

    @cached_property
    def _sound_trees(self) -> dict[Path, dg.ComponentTree]:
        """A tree of its own for each folder of a sound corpus, so that the files of others are not read.

        Raises: InvalidInput where there is none.
        """
        if not self.files.sound:
            raise InvalidInput("\n".join(broken.sentence for broken in self.files.broken))
        trees = {}
        for file in self.files.sound:
            folder = file.path.parent
            module = ModuleType(f"{self._tree.defs_module_name}.{folder.name}")
            module.__path__, module.__file__ = [str(folder)], str(folder / "__init__.py")
            trees[folder] = dg.ComponentTree.from_module(module, self.folder)
        return trees

    @cached_property
    def runtimes(self) -> dict[str, CorpusRuntime]:
        """The runtimes of all corpora that can be built, by name.

        Raises: InvalidInput where there are YAML files of corpora and none can be built.
        """
        trees = self._sound_trees.values() if self.files.broken else [self._tree]
        with warnings.catch_warnings(), _short_load_errors():
            warnings.simplefilter("ignore", dg.BetaWarning)
            components = [c for tree in trees for c in tree.get_all_components(of_type=CorpusComponent)]
        return {c.corpus.name: CorpusRuntime(c.corpus, self.folder) for c in components}

    def runtime(self, corpus: str | None) -> CorpusRuntime:
        """The runtime of a corpus; of the only one when no name is given. `corpus.question` is one of its questions.

        Raises: InvalidInput when the name is unknown, or needed and missing, or its YAML file has mistakes.
        """
        if corpus is not None and "." in corpus and corpus not in self.runtimes:
            name, _, question = corpus.partition(".")
            return self.runtime(name).of_question(question)
        broken = [each for each in self.files.broken if corpus in (each.name, each.path.parent.name)]
        if broken and not any(each.name == corpus for each in self.files.sound):
            raise InvalidInput("\n".join(each.sentence for each in broken))
        known = ", ".join(sorted(self.runtimes)) or "none"
        if self.files.broken:
            known += (
                f"; not loaded, because of mistakes: {', '.join(sorted({each.name for each in self.files.broken}))}"
            )
        if corpus is None and len(self.runtimes) == 1 and not self.files.broken:
            return next(iter(self.runtimes.values()))
        if corpus is None:
            raise InvalidInput(f"which corpus? give one with --corpus; there are: {known}")
        if corpus not in self.runtimes:
            raise InvalidInput(f"there is no corpus {corpus!r}; there are: {known}{self._data_without_yaml(corpus)}")
        return self.runtimes[corpus]

    def _data_without_yaml(self, corpus: str) -> str:
        """What to do where a corpus has data and no YAML file; empty where it has none."""
        folder = place(os.environ.get("DATA_ENGINE_DATA") or self.folder / "data") / corpus
        if not corpus or not (folder / "tables").is_dir():
            return ""
        manifests = sorted(folder.glob("releases/[!.]*/manifest.json"), key=lambda path: path.stat().st_mtime)
        settings = f"; its settings are under `configuration` of {manifests[-1]}" if manifests else ""
        file = self.defs_folder / corpus / "defs.yaml"
        return f". {folder} holds its data, so its YAML file is lost: put {file} back{settings}"


def _build(tree: dg.ComponentTree, folder: Path | None = None) -> dg.Definitions:
    with warnings.catch_warnings(), _short_load_errors():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        return tree.build_defs(folder)


def _not_loaded(broken: CheckedFile) -> dg.AssetSpec:
    """An asset that stands in the UI for a corpus that cannot be built; its description says why."""
    # Two files may describe a corpus of one name, and a name may hold what no key may.
    place = hashlib.sha256(str(broken.path).encode()).hexdigest()[:6]
    name = re.sub(r"[^A-Za-z0-9_]", "_", broken.name) or "corpus"
    return dg.AssetSpec(
        dg.AssetKey([f"not_loaded_{name}_{place}"]), description=broken.sentence, group_name="corpora_not_loaded"
    )


@contextmanager
def _short_load_errors() -> Iterator[None]:
    """Give what is wrong in a YAML file without Dagster's traceback.

    Raises: InvalidInput with file, line and our sentence, whatever Dagster wrapped around them.
    """
    try:
        yield
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        if not isinstance(cause, ValidationError | DataEngineError):
            raise
        raise InvalidInput(
            f"a corpus cannot be loaded: {_sentence(cause)}; mend its defs.yaml, then run the command again, or "
            "`dg check defs`"
        ) from harmless(error)


def _sentence(cause: ValidationError | DataEngineError) -> str:
    """Each mistake and its place on one line, without pydantic's remarks about itself."""
    if isinstance(cause, DataEngineError):
        return str(cause)
    return "\n".join(
        f"`{'.'.join(map(str, mistake['loc']))}`: {mistake['msg'].removeprefix('Value error, ')}{_given(mistake)}"
        for mistake in cause.errors(include_url=False)
    )


def _given(mistake: Mapping[str, Any]) -> str:
    """The value, where pydantic's own sentence does not say it."""
    is_ours = mistake["type"] == "value_error" or not isinstance(mistake["input"], str | int | float | None)
    return "" if is_ours else f", and not {mistake['input']!r}"
