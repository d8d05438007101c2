from pathlib import Path

from released_folders import text_release
from written_steps import notes_runtime

from data_engine.releasing.exporting import rows_of_folder
from data_engine.releasing.rows import all_columns, identified
from data_engine.runtime.releases.current import current_release


def test_the_current_release_is_that_of_the_table_and_none_where_there_is_none(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    assert current_release(runtime) == ""
    folder = text_release(runtime.corpus_folder / "releases")
    assert current_release(runtime) == ""
    rows = identified(all_columns(rows_of_folder(folder)))
    runtime.store().write("release", rows, run_id="r", code_version="c")
    assert current_release(runtime) == folder.name
    for path in (runtime.corpus_folder / "tables" / "release").rglob("*.parquet"):
        path.write_bytes(b"damaged")
    assert current_release(runtime) == ""
