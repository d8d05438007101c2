import random
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree

import pytest
from small_project import SmallProject

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.integrity.registry import CHECKS, check_corpus

#: Files of which nothing is read but that they are there.
EMPTY_OF_MEANING = {"command.lock", ".pins.json.lock"}


@pytest.fixture
def runtime(finished: SmallProject) -> CorpusRuntime:
    return finished.load().runtime("notes")


def errors(runtime: CorpusRuntime) -> list[Finding]:
    return [finding for finding in check_corpus(runtime) if finding.severity == "error"]


def files_below(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_finished_corpus_is_whole_and_checking_writes_nothing(runtime: CorpusRuntime) -> None:
    before = files_below(runtime.data_folder)
    assert check_corpus(runtime) == []
    assert files_below(runtime.data_folder) == before


@pytest.mark.parametrize("seed", range(3))
def test_one_flipped_bit_of_any_file_is_found(runtime: CorpusRuntime, seed: int) -> None:
    """Files of one kind (a table's rows, its log, marts, ...) are drawn first, so that small kinds are not left out.

    Of the queue, whose file has no checksum, the times, leases and free pages may change unfound, and of the embedding
    cache what its footer says beside the embeddings: the answers and the vectors that are read are the same.
    """
    draw = random.Random(seed)
    kinds: dict[str, list[Path]] = {}
    for path in files_below(runtime.data_folder):
        if path.name not in EMPTY_OF_MEANING:
            kinds.setdefault("/".join(path.relative_to(runtime.data_folder).parts[:4]), []).append(path)
    for _ in range(12):
        path = draw.choice(kinds[draw.choice(sorted(kinds))])
        content = path.read_bytes()
        damaged = bytearray(content)
        bit = draw.randrange(len(content) * 8)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(damaged))
        found = check_corpus(runtime)
        is_of_the_lenient = path.name == "review.db" or "_embeddings" in path.parts
        assert found or is_of_the_lenient, f"bit {bit} of {path}"
        assert all(finding.remedy for finding in found)
        path.write_bytes(content)


def _newest(folder: Path, pattern: str) -> Path:
    return max(folder.rglob(pattern))


def _bit_in_the_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


Act = Callable[[Path], object]
DAMAGE: list[tuple[str, Act, str]] = [
    ("raw_index deleted", lambda f: rmtree(f / "tables/raw_index"), "backfill notes --batches"),
    ("embeddings deleted", lambda f: rmtree(f / "tables/embeddings"), "backfill notes --batches"),
    ("labels deleted", lambda f: rmtree(f / "tables/labels"), "data-engine run notes"),
    ("step_versions deleted", lambda f: rmtree(f / "tables/step_versions"), "notes"),
    ("cluster_tree deleted", lambda f: rmtree(f / "tables/cluster_tree"), "data-engine run notes"),
    ("cluster_portraits deleted", lambda f: rmtree(f / "tables/cluster_portraits"), "data-engine run notes"),
    ("reviewed_labels deleted", lambda f: rmtree(f / "tables/reviewed_labels"), "data-engine run notes"),
    ("last entry of embeddings", lambda f: _newest(f / "tables/embeddings", "*.json").unlink(), "embeddings"),
    (
        "bit in first_pass",
        lambda f: _bit_in_the_middle(_newest(f / "tables/first_pass", "*.parquet")),
        "backfill notes",
    ),
    ("releases deleted", lambda f: rmtree(f / "releases"), "restore it from a backup"),
    ("bit in the release", lambda f: _bit_in_the_middle(_newest(f / "releases", "data.jsonl")), "restore"),
    ("reports deleted", lambda f: rmtree(f / "reports"), "data-engine run notes"),
    ("marts deleted", lambda f: rmtree(f / "marts"), "data-engine run notes"),
    ("pins garbage", lambda f: (f / "pins.json").write_text("{"), "from `table_versions` of the manifests"),
    ("pins of other versions", lambda f: _replace(f / "pins.json", '"labels": 1', '"labels": 0'), "pins.json"),
    ("queue deleted", lambda f: (f.parent / "review.db").unlink(), "restore the queue from a backup"),
    ("queue garbage", lambda f: (f.parent / "review.db").write_bytes(b"no database" * 99), "restore the queue"),
    ("queue empty", lambda f: (f.parent / "review.db").write_bytes(b""), "restore the queue"),
    ("bit in the cache", lambda f: _bit_in_the_middle(_newest(f.parent / "_embeddings", "*.parquet")), "rm "),
]


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_damage_of_every_kind_is_found_with_its_remedy(runtime: CorpusRuntime) -> None:
    whole = files_below(runtime.data_folder)
    for name, act, remedy in DAMAGE:
        act(runtime.corpus_folder)
        found = errors(runtime)
        assert any(remedy in finding.remedy for finding in found), f"{name}: {found}"
        for path, content in whole.items():
            if not path.exists() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    assert check_corpus(runtime) == []


def test_a_check_that_fails_is_an_error_and_the_others_go_on(
    runtime: CorpusRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: CheckedCorpus) -> Iterator[Finding]:
        yield Finding("note", "seen", "here", "nothing")
        raise ZeroDivisionError("by zero")

    monkeypatch.setitem(CHECKS, "releases", broken)
    assert [(finding.severity, finding.check, finding.what) for finding in check_corpus(runtime)] == [
        ("error", "releases", "could not be checked to the end: ZeroDivisionError: by zero"),
        ("note", "releases", "seen"),
    ]
