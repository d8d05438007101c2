"""Project: the folder with the corpora's YAML files, found from where a command is given."""

import os
import shutil
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import dagster as dg

from data_engine.errors import InvalidInput
from data_engine.orchestration.bench import Bench
from data_engine.orchestration.component import CorpusComponent

_OWN_FOLDER = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Project:
    """A dg project whose defs folder holds one YAML file per corpus."""

    folder: Path

    @classmethod
    def find(cls, start: Path) -> "Project":
        """The project around a folder; this project itself where there is none. `DATA_ENGINE_PROJECT` overrides it.

        Sets `DAGSTER_HOME` to the project's own folder where it is not set, so that a command and the UI share
        their runs.
        """
        given = os.environ.get("DATA_ENGINE_PROJECT")
        folders = [Path(given)] if given else [start, *start.parents]
        folder = next((f for f in folders if _is_project(f)), _OWN_FOLDER)
        home = Path(os.environ.setdefault("DAGSTER_HOME", str(folder / ".dagster_home")))
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "dagster.yaml").exists():
            shutil.copy(_OWN_FOLDER / ".dagster_home" / "dagster.yaml", home)
        return cls(folder)

    @cached_property
    def _tree(self) -> dg.ComponentTree:
        return dg.ComponentTree.for_project(self.folder)

    @cached_property
    def definitions(self) -> dg.Definitions:
        """Everything that the Dagster UI loads."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.PreviewWarning)
            warnings.simplefilter("ignore", dg.BetaWarning)
            return self._tree.build_defs()

    @cached_property
    def benches(self) -> dict[str, Bench]:
        """The benches of all corpora, by name."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)
            components = self._tree.get_all_components(of_type=CorpusComponent)
        return {c.corpus.name: Bench(c.corpus, self.folder) for c in components}

    def bench(self, corpus: str | None) -> Bench:
        """The bench of a corpus; of the only one when no name is given.

        Raises: InvalidInput when the name is unknown, or needed and missing.
        """
        known = ", ".join(sorted(self.benches)) or "none"
        if corpus is None and len(self.benches) == 1:
            return next(iter(self.benches.values()))
        if corpus is None:
            raise InvalidInput(f"which corpus? give one with --corpus; there are: {known}")
        if corpus not in self.benches:
            raise InvalidInput(f"there is no corpus {corpus!r}; there are: {known}")
        return self.benches[corpus]


def _is_project(folder: Path) -> bool:
    file = folder / "pyproject.toml"
    return file.is_file() and "[tool.dg.project]" in file.read_text("utf-8")
