import errno
import os
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake.exceptions import DeltaError

from data_engine.errors import ConcurrentWrite, StorageError
from data_engine.storage.storage_errors import first_line, storage_errors


def _failing(error: Exception, path: Path, **arguments: str) -> StorageError:
    with pytest.raises(StorageError) as failed, storage_errors("writing raw_index", path, **arguments):
        raise error
    assert failed.value.__cause__ is error
    return failed.value


def test_a_full_disk_is_named_with_the_free_space_and_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "not" / "there"
    said = str(_failing(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), path))
    assert said.startswith(f"writing raw_index failed at {path}: the disk is full (")
    assert said.endswith(" MB free now); what was committed before is intact: free some space and run it again")


@pytest.mark.parametrize("error", [OSError("no\nmore"), DeltaError("no"), pa.ArrowInvalid("no")])
def test_any_other_failure_is_its_first_line(tmp_path: Path, error: Exception) -> None:
    said = str(_failing(error, tmp_path, intact="nothing was changed"))
    assert said.startswith(f"writing raw_index failed at {tmp_path}: no (")
    assert said.endswith("; otherwise run it again")


def test_errors_of_the_engine_and_mistakes_in_code_pass_unchanged(tmp_path: Path) -> None:
    for error in (ConcurrentWrite("run 7 won"), ZeroDivisionError()):
        with pytest.raises(type(error)) as failed, storage_errors("writing", tmp_path):
            raise error
        assert failed.value is error


def test_an_error_without_a_message_is_named_by_its_class() -> None:
    assert first_line(OSError()) == "OSError"
    assert first_line(OSError(" one\ntwo ")) == "one"
