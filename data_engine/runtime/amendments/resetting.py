"""Making a corpus new: everything that the engine made of it goes; releases stay, and what people answered.

Taking single batches out is in `forgetting.py`; deleting what nobody needs is `data-engine clean`.
"""

from dataclasses import dataclass
from pathlib import Path

from data_engine.places.place import remove_folder
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.storage.question_tables import QUESTIONS
from data_engine.storage.retention import pin_nothing

#: The answers of a foundation model, which are not paid again.
PAID = "foundation_model"

#: What the engine makes of a corpus and makes anew from the source. Releases are finished work and stay.
_MADE = ("tables", "marts", "reports", "accepted", "learnt", QUESTIONS)


@dataclass(frozen=True)
class Reset:
    """What making a corpus new would delete and keep.

    Attributes:
        runtime: The corpus.
        paths: Files and folders that go.
        n_answers: Answers of the corpus in the review queue.
        releases: Ids of the releases, whose files stay.
    """

    runtime: CorpusRuntime
    paths: tuple[Path, ...]
    n_answers: int
    releases: tuple[str, ...]

    def told(self, *, with_answers: bool) -> list[str]:
        """Lines that say what would go and what would stay."""
        name, answers = self.runtime.corpus.name, f"{self.n_answers:,} answer{'' if self.n_answers == 1 else 's'}"
        goes = ", ".join(path.name for path in self.paths) or "nothing"
        lines = [f"of {name} goes: {goes}; the next run makes it anew from the source"]
        if with_answers:
            lines.append(f"{answers} and all review batches of {name} GO TOO; nothing brings them back")
        else:
            lines.append(f"kept: {answers} in the review queue, which the next run takes over again")
        if (self.runtime.corpus_folder / PAID).exists():
            lines.append("kept: the answers that a foundation model was paid for, of all questions")
        lines.append(f"kept: the files of {len(self.releases):,} release{'' if len(self.releases) == 1 else 's'}")
        return lines

    def carry_out(self, *, with_answers: bool) -> None:
        """Delete it."""
        for path in self.paths:
            if path.is_dir():
                remove_folder(path)
            else:
                path.unlink(missing_ok=True)
        folder = self.runtime.corpus_folder
        pin_nothing(folder.parent, folder.name, self.releases)
        if with_answers:
            with self.runtime.queue() as queue:
                for each in (self.runtime, *self.runtime.questions):
                    queue.delete_corpus(each.corpus.name, now=queue.clock())


def reset_of(runtime: CorpusRuntime) -> Reset:
    """What making this corpus new would delete and keep."""
    folder = runtime.corpus_folder
    with runtime.queue() as queue:
        n_answers = sum(queue.count_answers(each.corpus.name) for each in (runtime, *runtime.questions))
    releases = folder / "releases"
    found = sorted(path.name for path in releases.iterdir() if path.is_dir()) if releases.is_dir() else []
    paths = tuple(folder / name for name in _MADE if (folder / name).exists())
    return Reset(runtime, paths, n_answers, tuple(name for name in found if name[0] != "."))
