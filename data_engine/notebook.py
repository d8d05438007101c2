"""A corpus in a notebook: its tables, samples, embeddings, tree, labels and releases as Arrow tables and arrays.

Only what has passed its checks is read, as every step reads it, and nothing is written. `.to_pandas()` makes a data
frame of any Arrow table.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data_engine.errors import ContentMissing, InvalidInput
from data_engine.places.object_store import arrow_filesystem
from data_engine.releasing.release_marks import read_marks
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.embeddings import sorted_embeddings
from data_engine.runtime.plan import WRITTEN_BY
from data_engine.runtime.releases.current import current_release
from data_engine.terminal.why import decisions_about

if TYPE_CHECKING:
    from data_engine.clustering import ClusterTree

_SAMPLE_COLUMNS = ("sample_id", "batch", "uri", "text", "metadata")
_NEAR = pa.schema(
    [("text", pa.string()), ("sample_id", pa.string()), ("row", pa.int64()), ("similarity", pa.float64())]
)
_DEFAULT_SIMILARITY = 0.8


@dataclass(frozen=True, repr=False)
class OpenCorpus:
    """A corpus to look at, as `open_corpus` gives it.

    Attributes:
        runtime: The corpus at work: paths, description, versions.
    """

    runtime: CorpusRuntime

    def __repr__(self) -> str:
        n_labels = len(self.labels()) if self.questions else self._n("labels")
        counts = {"kept": len(self._kept), "chosen": self._n("balanced_subset"), "labels": n_labels}
        said = ", ".join(f"{n:,} {what}" for what, n in counts.items())
        n = len(self.releases())
        return f"<corpus {self.runtime.corpus.name}: {said}, {n} {'release' if n == 1 else 'releases'}>"

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables that this corpus may have, in the order of the steps that write them."""
        return tuple(name for name, step in WRITTEN_BY.items() if step in self.runtime.steps)

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of a table that have passed their checks; none where it was not written yet.

        Raises: InvalidInput for a name that is none of `tables`; ChecksFailed where a blocking check holds it back.
        """
        if name not in self.tables:
            raise InvalidInput(f"there is no table {name!r}; there are {', '.join(self.tables)}")
        return self._accepted.read(name, columns=columns)

    def samples(self, sample_ids: Sequence[str] | None = None) -> pa.Table:
        """Kept samples (sample_id, batch, uri, text, metadata), every content once, sorted by id.

        Args:
            sample_ids: Only these; those that are not kept are absent. None gives all.
        """
        wanted = self._kept if sample_ids is None else sorted(set(sample_ids) & set(self._kept))
        ids = {"sample_id": pa.array(wanted, pa.string())}
        rows = self._accepted.read("raw_index", columns=_SAMPLE_COLUMNS, among=ids).sort_by("sample_id")
        names = rows["sample_id"].to_pylist()
        first = [place for place, name in enumerate(names) if place == 0 or name != names[place - 1]]
        return rows.take(pa.array(first, pa.int64()))

    def embeddings(self, sample_ids: Sequence[str] | None = None) -> tuple[list[str], NDArray[np.float32]]:
        """Ids, sorted, and their embeddings.

        Args:
            sample_ids: Of these samples; None gives those of all samples that are kept, a matrix in memory.

        Returns: n ids and (n, dim) unit rows in their order. Raises: InvalidInput when a sample has none.
        """
        wanted = self._kept if sample_ids is None else list(sample_ids)
        return sorted_embeddings(self._accepted, pa.array(wanted, pa.string()))

    def tree(self) -> "tuple[ClusterTree, list[str]]":
        """The cluster tree, and the sample ids in the order of its `leaf`. Raises: InvalidInput before there is one."""
        from data_engine.clustering import tree_from_tables

        levels = self.table("cluster_tree")
        if not levels.num_rows:
            raise InvalidInput(f"{self.runtime.corpus.name} has no cluster tree yet; {self._run}")
        return tree_from_tables(levels, self.table("tree_assignments"))

    def clusters(self) -> pa.Table:
        """Every cluster with its name, size, clearness in [-1, 1] and examples, the largest of a level first."""
        return self.table("cluster_portraits").sort_by([("level", "descending"), ("n_samples", "descending")])

    def subset(self) -> pa.Table:
        """The chosen samples with their clusters."""
        return self.table("balanced_subset")

    def labels(self) -> pa.Table:
        """One row per labelled sample: label, who made it, quality in [0, 1]; none where nothing is asked.

        Of several questions the labels of all of them, with the column `question`.
        """
        if not self.questions:
            return self.table("labels") if "labels" in self.tables else pa.table({})
        found = {name: self.question(name).labels() for name in self.questions}
        named = [
            rows.append_column("question", pa.array([name] * len(rows), pa.string())) for name, rows in found.items()
        ]
        return pa.concat_tables(named)

    @property
    def questions(self) -> tuple[str, ...]:
        """The names of its questions, where it asks several."""
        return tuple(each.question for each in self.runtime.questions)

    def question(self, name: str) -> "OpenCorpus":
        """One of several questions, to look at like a corpus that asks nothing else. Raises: InvalidInput."""
        return OpenCorpus(self.runtime.of_question(name))

    def metrics(self) -> pa.Table:
        """The figures of the quality report, each with its 90 % interval, n and how it was computed."""
        return self.table("quality_report")

    @property
    def report(self) -> Path:
        """The HTML report. Raises: ContentMissing before there is one."""
        path = self._folder / "reports" / "report.html"
        if not path.is_file():
            raise ContentMissing(f"{self.runtime.corpus.name} has no report yet; {self._run}")
        return path

    def releases(self) -> tuple[str, ...]:
        """The ids of the releases, the oldest first."""
        manifests = (self._folder / "releases").glob("*/manifest.json")
        return tuple(path.parent.name for path in sorted(manifests, key=lambda path: (_created(path), path)))

    def why(self, sample_id: str) -> pa.Table:
        """What every step decided about a sample: rows of the ledger, in the order of the steps.

        Args:
            sample_id: The whole id, or a start of it, at least 4 digits, that fits one sample only.

        Raises: UnknownSample when nothing fits; InvalidInput when several samples fit.
        """
        return decisions_about(self.runtime, sample_id)

    def release(self, release_id: str = "") -> pa.Table:
        """The rows of a release as its Parquet file has them; of the one in service, mostly the newest, else.

        Raises: ContentMissing for a release that is not there, or that has no Parquet file.
        """
        known = self.releases()
        held = current_release(self.runtime)
        newest = held if held in known else (known[-1] if known else "")
        found = release_id or read_marks(self._folder).in_service or newest
        path = self._folder / "releases" / found / "data.parquet"
        if found not in known or not path.is_file():
            there = ", ".join(known) or "none"
            raise ContentMissing(
                f"there is no Parquet file of the release {found!r}; the releases are: {there}; {self._run}"
            )
        return pq.read_table(path.name, filesystem=arrow_filesystem(path.parent))

    def near_duplicates(self, texts: Sequence[str], similarity: float | None = None) -> pa.Table:
        """Which texts nearly repeat a kept sample of the corpus, or an earlier one of these texts.

        Args:
            texts: Texts of any kind.
            similarity: In (0, 1], at and above which a text counts; by default that of the corpus, or 0.8.

        Returns: the texts that do, in their order: text, sample_id of what it repeats, or the row of the earlier text
            in `texts`, and the similarity of the two.

        Raises: InvalidInput for a corpus of images.
        """
        from data_engine.duplicates.texts import Sketches
        from data_engine.duplicates.texts.search import find_twins

        corpus = self.runtime.corpus
        if corpus.samples.is_read_again:
            raise InvalidInput(f"{corpus.name} is a corpus of {corpus.samples.plural}; near_duplicates compares texts")
        judged = self.table("first_pass", ["sample_id", "minhash"])
        known = judged.filter(pc.is_valid(judged["minhash"]))
        ids = known["sample_id"].to_pylist()
        own = corpus.first_pass.near_duplicate_similarity
        twins = find_twins(
            list(texts),
            Sketches.of(list(texts)),
            threshold=similarity or own or _DEFAULT_SIMILARITY,
            accepted=Sketches.from_column(known["minhash"]),
            accepted_texts=lambda rows: self._texts([ids[row] for row in rows]),
        )
        rows = [
            {
                "text": text,
                "sample_id": None if twin.accepted_row is None else ids[twin.accepted_row],
                "row": twin.row,
                "similarity": twin.similarity,
            }
            for text, twin in zip(texts, twins, strict=True)
            if twin is not None
        ]
        return pa.Table.from_pylist(rows, schema=_NEAR)

    @cached_property
    def _accepted(self) -> AcceptedTables:
        store = self.runtime.store()
        return AcceptedTables(store, CheckGate(self.runtime, store, "notebook", keeps_verdicts=False))

    @cached_property
    def _kept(self) -> list[str]:
        judged = self.table("first_pass", ["sample_id", "verdict"])
        return sorted(set(judged.filter(pc.equal(judged["verdict"], "kept"))["sample_id"].to_pylist()))

    @property
    def _folder(self) -> Path:
        """Where reports and releases are, which all questions share."""
        return (self.runtime.shared or self.runtime).corpus_folder

    @property
    def _run(self) -> str:
        return f"give data-engine run {self.runtime.corpus.name}"

    def _n(self, name: str) -> int:
        return self.table(name, ["sample_id"]).num_rows if name in self.tables else 0

    def _texts(self, sample_ids: Sequence[str]) -> list[str]:
        rows = self.samples(sample_ids)
        text_of = dict(zip(rows["sample_id"].to_pylist(), rows["text"].to_pylist(), strict=True))
        return [text_of.get(name) or "" for name in sample_ids]


def open_corpus(name: str | None = None, project: str | Path | None = None) -> OpenCorpus:
    """Open a corpus of a project, to look at it.

    What is read is that of the moment it is opened; open it again after a run.

    Args:
        name: Of the corpus, or `corpus.question`; not needed where there is only one corpus.
        project: A folder in the project; by default the present one.

    Raises: InvalidInput for an unknown name, or a folder that is in no project.
    """
    from data_engine.orchestration.launch.project import Project

    runtime = Project.find(Path(project or ".").expanduser().resolve(), makes_home=False).runtime(name)
    return OpenCorpus(replace(runtime, reads_only=True))


def _created(manifest: Path) -> str:
    """When a release was made; of a manifest that cannot be read, an empty text."""
    try:
        read: dict[str, Any] = json.loads(manifest.read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    return str(read.get("created_at", ""))
