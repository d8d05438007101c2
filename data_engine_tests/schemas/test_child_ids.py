from data_engine.schemas.child_ids import CHANGES, child_id, parent_and_change


def test_the_id_of_a_child_tells_its_parent_and_the_change_and_any_other_id_is_its_own() -> None:
    assert [parent_and_change(child_id("0a1b", change)) for change in CHANGES] == [
        ("0a1b", "crop"),
        ("0a1b", "brightness"),
        ("0a1b", "contrast"),
    ]
    assert parent_and_change("0a1b") == ("0a1b", "")
