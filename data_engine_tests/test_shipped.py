from data_engine.shipped import shipped_dagster_yaml, shipped_sql


def test_in_a_checkout_the_files_beside_the_package_are_found() -> None:
    assert (shipped_sql() / "models" / "staging" / "stg_raw_index.sql").is_file()
    assert "run_storage" in shipped_dagster_yaml().read_text("utf-8")
