import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from released_folders import TEXTS, text_release

from data_engine.releasing.croissant import croissant_text
from data_engine.releasing.exporting import rows_of_folder

# In a process of its own: a library that it imports closes what pytest gives out as the error stream.
_READ = """
import json, sys
import mlcroissant
found = mlcroissant.Dataset(jsonld=sys.argv[1])
issues = found.metadata.ctx.issues
rows = list(found.records("samples"))
print(json.dumps({
    "issues": [*map(str, issues.errors), *map(str, issues.warnings)],
    "name": found.metadata.name,
    "rows": [[row[f"samples/{name}"].decode() for name in ("sample_id", "label")] for row in rows],
    "batch": rows[0]["samples/batch"].decode(),
}))
"""


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_mlcroissant_finds_nothing_wrong_and_reads_the_rows(form: str, tmp_path: Path) -> None:
    folder = text_release(tmp_path / "r", formats=(form,))
    command = [sys.executable, "-c", _READ, str(folder / "croissant.json")]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    assert (found["issues"], found["name"]) == ([], "A title: “x”")
    wanted = rows_of_folder(folder)
    rows = zip(wanted["sample_id"].to_pylist(), wanted["label"].to_pylist(), strict=True)
    assert dict(found["rows"]) == dict(rows)
    assert len(found["rows"]) == len(TEXTS)
    # The batch is 007. Only Parquet says that it is a text, and the metadata of the others say that they do not.
    assert found["batch"] == ("007" if form == "parquet" else "7")
    said = json.loads((folder / "croissant.json").read_text("utf-8"))["recordSet"][0]["description"]
    assert ("make the number 7 of a text 007" in said) == (form != "parquet")


def test_every_column_is_said_with_what_it_means_and_a_question_has_the_meaning_of_one() -> None:
    schema = pa.schema([("sample_id", pa.string()), ("mood_posterior", pa.float32()), ("leaf", pa.int32())])
    files = {"data.parquet": {"sha256": "0" * 64, "n_bytes": 12}, "README.md": {"sha256": "1" * 64, "n_bytes": 1}}
    said = json.loads(croissant_text({"release_id": "r1", "corpus": "notes"}, schema, files))
    assert [(each["@id"], each["contentSize"]) for each in said["distribution"]] == [("data.parquet", "12 B")]
    fields = said["recordSet"][0]["field"]
    assert [(each["name"], each["dataType"]) for each in fields] == [
        ("sample_id", "sc:Text"),
        ("mood_posterior", "sc:Float"),
        ("leaf", "sc:Integer"),
    ]
    assert fields[1]["description"] == "probability of the label"
    assert "datePublished" not in said
