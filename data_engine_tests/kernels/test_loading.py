import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_engine.errors import InvalidInput
from data_engine.kernels import loading


@pytest.fixture
def no_folder_yet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """numba was given no folder, and the choice of one is open before and after the test."""
    monkeypatch.setattr("numba.config.CACHE_DIR", "")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    loading.code_folder.cache_clear()
    yield
    loading.code_folder.cache_clear()


@pytest.fixture
def unwritable_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package whose folder takes no files, as where it belongs to the administrator."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "loops.py").touch()
    # A file in the place of the folder stops the administrator too.
    (package / "__pycache__").touch()
    monkeypatch.setattr(loading, "_PACKAGE", package)


def test_code_that_was_compiled_before_a_module_changed_is_forgotten(tmp_path: Path) -> None:
    kept, kept_for_user = tmp_path / "__pycache__", tmp_path / "cache" / f"{tmp_path.name}_0123"
    kept.mkdir()
    kept_for_user.mkdir(parents=True)
    for folder in (kept, kept_for_user):
        for name, seconds in (("old.nbi", 19), ("new.nbi", 20)):
            (folder / name).touch()
            os.utime(folder / name, (seconds, seconds))
    for name, seconds in (("loops.py", 10), ("constants.py", 20)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (seconds, seconds))
    loading.forget_stale_code(tmp_path, kept)
    assert [path.name for path in kept.iterdir()] == ["new.nbi"]
    assert len(list(kept_for_user.iterdir())) == 2
    loading.forget_stale_code(tmp_path, tmp_path / "cache")
    assert [path.name for path in kept_for_user.iterdir()] == ["new.nbi"]
    os.utime(tmp_path / "constants.py", (21, 21))
    loading.forget_stale_code(tmp_path, kept)
    loading.forget_stale_code(tmp_path, tmp_path / "cache")
    assert list(kept.iterdir()) == list(kept_for_user.iterdir()) == []


@pytest.mark.usefixtures("no_folder_yet")
def test_code_is_kept_beside_the_kernels_where_that_folder_takes_files() -> None:
    assert loading.code_folder() == Path(loading.__file__).parent / "__pycache__"
    assert not os.environ["NUMBA_CACHE_DIR"]


@pytest.mark.usefixtures("no_folder_yet", "unwritable_package")
def test_where_it_does_not_code_is_kept_in_the_cache_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_CACHE", str(tmp_path / "given"))
    assert loading.code_folder() == tmp_path / "given" / "kernels"
    assert stat.S_IMODE((tmp_path / "given" / "kernels").stat().st_mode) == 0o700
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path / "given" / "kernels")
    monkeypatch.setattr("numba.config.CACHE_DIR", "")
    monkeypatch.delenv("DATA_ENGINE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    loading.code_folder.cache_clear()
    assert loading.code_folder() == tmp_path / "home" / "data-engine" / "kernels"


@pytest.mark.usefixtures("no_folder_yet", "unwritable_package")
def test_without_a_home_that_takes_files_code_is_kept_with_temporary_files_or_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DATA_ENGINE_CACHE", str(tmp_path / "file"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert loading.code_folder() == tmp_path / f"data-engine-kernels-{os.getuid()}"
    monkeypatch.setattr("numba.config.CACHE_DIR", "")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    loading.code_folder.cache_clear()
    assert loading.code_folder() is None


@pytest.mark.usefixtures("no_folder_yet", "unwritable_package")
def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_ENGINE_CACHE", str(tmp_path / "given"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
    assert loading.code_folder() is None


def test_what_numba_compiles_is_written_to_the_folder_that_the_environment_gives(tmp_path: Path) -> None:
    lines = """
import numpy as np
from data_engine.kernels import loading
from data_engine.kernels.minhash import smallest_products
print(sorted(loading.kernels_used()))
smallest_products(np.array([7], np.uint32), np.array([0]), np.array([3], np.uint32))
print(sorted(loading.kernels_used()))
"""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    found = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True, env=environment)
    assert found.stdout.splitlines() == ["[]", "['minhash._smallest_products']"]
    assert [path.name.partition("-")[0] for path in tmp_path.glob("kernels_*/*.nbi")] == ["minhash._smallest_products"]


def test_a_kernel_says_what_to_do_where_numba_may_not_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numba.config.DISABLE_JIT", 1)
    assert not loading.can_compile()
    with pytest.raises(InvalidInput, match="NUMBA_DISABLE_JIT is set, and the kernels run compiled only; unset it"):
        loading.compiled(abs)


def test_the_kernel_of_texts_is_loaded_for_many_characters_or_used_where_it_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loading, "is_loaded", lambda _: False)
    assert loading.use_compiled_text_kernels(20_000_000)
    assert not loading.use_compiled_text_kernels(19_999_999)
    monkeypatch.setattr("numba.config.DISABLE_JIT", 1)
    assert not loading.use_compiled_text_kernels(20_000_000)
    monkeypatch.setattr(loading, "is_loaded", lambda kernel: kernel == "minhash")
    assert loading.use_compiled_text_kernels(0)
