"""Making a corpus new: everything that the engine made of it goes; releases stay, and what people answered.

Taking single batches out is in `forgetting.py`; deleting what nobody needs is `data-engine clean`.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from data_engine.runtime.corpus_runtime import CorpusRuntime

#: What the engine makes of a corpus and makes anew from the source. Releases are finished work and stay.
_MADE = ("tables", "marts", "reports", "accepted", "learnt", "pins.json")


@dataclass(frozen=True)
class Reset:
    """What making a corpus new would delete and keep.

    Attributes:
        runtime: The corpus.
        paths: Files and folders that go.
        n_answers: Answers of the corpus in the review queue.
        n_releases: Releases, whose files stay.
    """

    runtime: CorpusRuntime
    paths: tuple[Path, ...]
    n_answers: int
    n_releases: int

    def told(self, *, with_answers: bool) -> list[str]:
        """Lines that say what would go and what would stay."""
        name, answers = self.runtime.corpus.name, f"{self.n_answers:,} answer{'' if self.n_answers == 1 else 's'}"
        goes = ", ".join(path.name for path in self.paths) or "nothing"
        lines = [f"of {name} goes: {goes}; the next run makes it anew from the source"]
        if with_answers:
            lines.append(f"{answers} and all review batches of {name} GO TOO; nothing brings them back")
        else:
            lines.append(f"kept: {answers} in the review queue, which the next run takes over again")
        lines.append(f"kept: the files of {self.n_releases:,} release{'' if self.n_releases == 1 else 's'}")
        return lines

    def carry_out(self, *, with_answers: bool) -> None:
        """Delete it."""
        for path in self.paths:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        if with_answers:
            with self.runtime.queue() as queue:
                queue.delete_corpus(self.runtime.corpus.name)


def reset_of(runtime: CorpusRuntime) -> Reset:
    """What making this corpus new would delete and keep."""
    folder = runtime.corpus_folder
    with runtime.queue() as queue:
        n_answers = queue.count_answers(runtime.corpus.name)
    releases = folder / "releases"
    n_releases = sum((path / "manifest.json").is_file() for path in releases.iterdir()) if releases.is_dir() else 0
    return Reset(runtime, tuple(folder / name for name in _MADE if (folder / name).exists()), n_answers, n_releases)
