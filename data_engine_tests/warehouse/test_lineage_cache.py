from data_engine.storage import TableStore
from data_engine.warehouse.lineage_cache import analysis_key, keep_lineages, known_lineages
from data_engine.warehouse.models import load_models

SELECT = "-- The samples.\n-- grain: a sample\nselect sample_id from {{ source('engine', 'labels') }}\n"


def _models(folder, sql=SELECT):
    staging = folder / "models" / "staging"
    staging.mkdir(parents=True, exist_ok=True)
    (staging / "stg_labels.sql").write_text(sql, "utf-8")
    return load_models(folder)


def test_what_was_read_of_the_same_sql_is_known_and_of_another_is_not(tmp_path):
    store = TableStore(tmp_path / "data", "shop")
    key = analysis_key("models", _models(tmp_path), {"x": "1"}, {"labels": ["sample_id"]})
    assert known_lineages(store, key) is None
    lineages = {"stg_labels": {"sample_id": [("labels", "sample_id")], "n": []}}
    keep_lineages(store, key, lineages)
    assert (
        known_lineages(store, analysis_key("models", _models(tmp_path), {"x": "1"}, {"labels": ["sample_id"]}))
        == lineages
    )


def test_another_file_variable_or_column_is_another_key(tmp_path):
    columns = {"labels": ["sample_id"]}
    keys = [
        analysis_key("models", _models(tmp_path), {"x": "1"}, columns),
        analysis_key("models", _models(tmp_path), {"x": "2"}, columns),
        analysis_key("models", _models(tmp_path), {"x": "1"}, {"labels": ["sample_id", "label"]}),
        analysis_key("models", _models(tmp_path, f"{SELECT}limit 5\n"), {"x": "1"}, columns),
    ]
    assert len(set(keys)) == 4


def test_of_each_kind_the_newest_is_kept_and_a_damaged_one_is_read_anew(tmp_path, caplog):
    store = TableStore(tmp_path / "data", "shop")
    keys = [analysis_key(kind, _models(tmp_path), {"x": x}, {}) for kind in ("models", "tests") for x in "12"]
    for key in keys:
        keep_lineages(store, key, {})
    assert sorted(path.name for path in store.artefacts().folder.iterdir()) == sorted([keys[1], keys[3]])
    for damaged in (b"", b"[1]", b'{"stg_labels": {"n": [1]}}'):
        store.artefacts().put(keys[1], damaged)
        assert known_lineages(store, keys[1]) is None
    assert f"{keys[1]} is damaged; the SQL is read anew" in caplog.text
