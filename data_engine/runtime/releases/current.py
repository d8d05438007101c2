"""Which release the tables of a corpus hold by now.

What people decided about releases is in `data_engine.releasing.release_marks`.
"""

from data_engine.errors import StorageError
from data_engine.runtime.corpus_runtime import CorpusRuntime


def current_release(runtime: CorpusRuntime) -> str:
    """The id of the release that the table `release` holds; "" where it holds none, or cannot be read."""
    try:
        rows = (runtime.shared or runtime).store().read("release", columns=["release_id"])
    except StorageError:
        return ""
    return str(rows["release_id"][0].as_py()) if rows.num_rows else ""
