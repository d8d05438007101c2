import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_project import SmallProject

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.integrity.registry import CHECKS, _for_buckets, check_corpus

#: Files of which nothing is read but that they are there.
EMPTY_OF_MEANING = {"command.lock", ".pins.json.lock"}


@pytest.fixture
def runtime(finished: SmallProject) -> CorpusRuntime:
    return finished.load().runtime("notes")


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
    for _ in range(6):
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


@pytest.mark.parametrize(
    ("remedy", "of_store"),
    [
        ("rm s3://b/x.parquet && data-engine run n", "aws s3 rm s3://b/x.parquet && data-engine run n"),
        ("move it, or: rm -r 's3://b/a b'", "move it, or: aws s3 rm --recursive 's3://b/a b'"),
        ("mv s3://b/r s3://b/r.damaged", "aws s3 mv --recursive s3://b/r s3://b/r.damaged"),
        ("rm -r /data/x; charm s3://b", "rm -r /data/x; charm s3://b"),
    ],
)
def test_a_remedy_about_a_bucket_is_a_command_of_its_tool(remedy: str, of_store: str) -> None:
    assert _for_buckets(remedy) == of_store
