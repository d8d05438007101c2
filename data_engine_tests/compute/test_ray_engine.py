"""A Ray cluster of two nodes, one of which dies; in a namespace without a network, because Ray listens on all of it."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from data_engine.compute.ray_engine import RayEngine, _Node, ray_engine
from data_engine.errors import InvalidInput

TESTS = Path(__file__).resolve().parents[1]
#: With processes of its own, so that none outlives the command.
NAMESPACE = ["unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c"]
NAMESPACE += ['ip link set lo up && "$@"', "bash"]


def in_a_namespace(*command: str) -> str:
    """What a command prints where there is no network but `lo`."""
    tried = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.fail(
            f"no namespace without a network can be made ({tried.stderr.strip()}), and Ray would listen on all of it; "
            "install util-linux and iproute2, and allow user namespaces: sysctl kernel.unprivileged_userns_clone=1"
        )
    paths = os.pathsep.join([str(TESTS.parent), str(TESTS / "support")])
    # Sockets lie below this folder, and their paths have to be short.
    with TemporaryDirectory(prefix="ray", dir="/tmp") as folder:
        environment = {**os.environ, "PYTHONPATH": paths, "TMPDIR": folder, "RAY_TMPDIR": folder}
        ended = subprocess.run(
            [*NAMESPACE, *command], capture_output=True, text=True, timeout=240, env=environment, check=False
        )
    assert ended.returncode == 0, f"{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
    return ended.stdout


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    lines = in_a_namespace(sys.executable, str(TESTS / "support" / "two_ray_nodes.py")).splitlines()
    answer: dict[str, Any] = json.loads(next(line for line in reversed(lines) if line.startswith("{")))
    return answer


def test_a_node_that_dies_changes_nothing(found: dict[str, Any]) -> None:
    assert found["calls"] > 3
    assert found["same tree"]
    assert found["same distances"]
    assert (found["shown"], found["shown after"]) == ("Ray, 2 nodes with 2 CPUs", "Ray, 1 nodes with 1 CPUs")


def test_workers_put_the_same_files_into_the_cache(found: dict[str, Any]) -> None:
    assert (found["embedded"], found["files"], found["same files"]) == (3000, 3, True)


def test_a_worker_with_another_encoder_is_refused_with_its_own_words(found: dict[str, Any]) -> None:
    assert "computes hashed-ngrams" in found["other encoder"]
    assert "but the run asks for other-bfloat16" in found["other encoder"]


def test_work_that_does_not_fit_names_what_there_is(found: dict[str, Any]) -> None:
    assert "hold 1000000.0 GB, but the object store of the smallest node has 0.1 GB" in found["too large"]


def test_nothing_waits_without_end(found: dict[str, Any]) -> None:
    assert found["never placed"].startswith(
        "1 of 1 workers of 50 CPUs each have not started after 2 s; the Ray cluster"
    )
    assert "has 2 CPUs, of which 2 are free: wait for other work to end, add nodes by" in found["never placed"]
    assert found["silent"].startswith("workers [0] have given no sign of life for 2 s; they need 0.5 CPUs each")


def test_an_address_without_a_cluster_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def init(**_: object) -> None:
        raise ConnectionError("Could not find any running Ray instance.")

    monkeypatch.setattr("ray.init", init)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with (
        pytest.raises(InvalidInput, match=r"no cluster answers at 'auto' \(Could not find any running Ray instance.\)"),
        ray_engine("auto"),
    ):
        pass


@pytest.mark.parametrize("address", ["127.0.0.1:PORT", "ray://127.0.0.1:PORT", "auto"])
def test_where_nobody_listens_ray_is_not_asked(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.init", lambda **_: pytest.fail("Ray would wait for minutes"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        (tmp_path / "ray").mkdir()
        (tmp_path / "ray" / "ray_current_cluster").write_text(f"127.0.0.1:{port}")
        monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
        refused = pytest.raises(InvalidInput, match=r"no cluster answers at .*Connection refused.*ray start --head")
        with refused, ray_engine(address.replace("PORT", port)):
            pass


def test_workers_ask_for_so_little_that_one_node_can_take_all_of_them() -> None:
    engine = RayEngine((_Node("a", 4.0, 1e9), _Node("b", 8.0, 1e9)))
    assert engine.share(2) == 1.0
    assert engine.share(3000) == 0.001
