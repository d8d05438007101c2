"""Project: the folder with the corpora's YAML files, found from where a command is given."""

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import ValidationError

from data_engine.errors import DataEngineError, InvalidInput
from data_engine.errors.secret_texts import harmless
from data_engine.orchestration.component import CorpusComponent
from data_engine.orchestration.launch.project_folder import find_project_folder
from data_engine.runtime.corpus_runtime import CorpusRuntime


@dataclass(frozen=True)
class Project:
    """A dg project whose defs folder holds one YAML file per corpus."""

    folder: Path

    @classmethod
    def find(cls, start: Path) -> "Project":
        """The project around a folder; see `project_folder.find_project_folder`."""
        return cls(find_project_folder(start))

    @cached_property
    def _tree(self) -> dg.ComponentTree:
        # The project's own package, also where nobody has installed it; what is installed goes before.
        for place in (str(self.folder), str(self.folder / "src")):
            if place not in sys.path:
                sys.path.append(place)
        return dg.ComponentTree.for_project(self.folder)

    @cached_property
    def definitions(self) -> dg.Definitions:
        """Everything that the Dagster UI loads."""
        return self._built()

    def definitions_of(self, runtime: CorpusRuntime) -> dg.Definitions:
        """The graph of one corpus, as its folder in `defs` describes it; what a command needs that runs it."""
        return self._built(Path(runtime.corpus.folder))

    def _built(self, folder: Path | None = None) -> dg.Definitions:
        """The definitions of a folder of `defs`; of all when none is given."""
        with warnings.catch_warnings(), _short_load_errors():
            warnings.simplefilter("ignore", dg.PreviewWarning)
            warnings.simplefilter("ignore", dg.BetaWarning)
            return self._tree.build_defs(folder)

    @cached_property
    def runtimes(self) -> dict[str, CorpusRuntime]:
        """The runtimes of all corpora, by name."""
        with warnings.catch_warnings(), _short_load_errors():
            warnings.simplefilter("ignore", dg.BetaWarning)
            components = self._tree.get_all_components(of_type=CorpusComponent)
        return {c.corpus.name: CorpusRuntime(c.corpus, self.folder) for c in components}

    def runtime(self, corpus: str | None) -> CorpusRuntime:
        """The runtime of a corpus; of the only one when no name is given.

        Raises: InvalidInput when the name is unknown, or needed and missing.
        """
        known = ", ".join(sorted(self.runtimes)) or "none"
        if corpus is None and len(self.runtimes) == 1:
            return next(iter(self.runtimes.values()))
        if corpus is None:
            raise InvalidInput(f"which corpus? give one with --corpus; there are: {known}")
        if corpus not in self.runtimes:
            raise InvalidInput(f"there is no corpus {corpus!r}; there are: {known}")
        return self.runtimes[corpus]


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
