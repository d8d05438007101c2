import os
from pathlib import Path

from data_engine.kernels.loading import forget_stale_code


def test_code_that_was_compiled_before_a_module_changed_is_forgotten(tmp_path: Path) -> None:
    kept = tmp_path / "__pycache__"
    kept.mkdir()
    for name, seconds in (
        ("loops.py", 10),
        ("constants.py", 20),
        ("__pycache__/old.nbi", 19),
        ("__pycache__/new.nbi", 20),
    ):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (seconds, seconds))
    forget_stale_code(tmp_path)
    assert [path.name for path in kept.iterdir()] == ["new.nbi"]
    os.utime(tmp_path / "constants.py", (21, 21))
    forget_stale_code(tmp_path)
    assert list(kept.iterdir()) == []
