import pytest

from data_engine.warehouse import load_models


@pytest.fixture
def folder(tmp_path):
    """A folder of models: `folder(name, sql, layer)` adds one."""

    class Folder:
        path = tmp_path

        def add(self, name, sql, layer="marts", header="-- A row tells something.\n-- grain: a row\n"):
            path = tmp_path / ("tests" if layer == "tests" else f"models/{layer}") / f"{name}.sql"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(header + sql, "utf-8")
            return path

        def load(self):
            return load_models(tmp_path)

    return Folder()
