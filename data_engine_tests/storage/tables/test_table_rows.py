import pytest
from flipped_bits import flip_a_bit

from data_engine.errors import StorageError
from data_engine.warehouse import query

WRITE = {"run_id": "run-1", "code_version": "code-1"}


@pytest.mark.parametrize("places", [lambda _: 40, lambda size: size - 30], ids=["page", "footer"])
def test_a_flipped_bit_is_an_error_that_names_file_table_piece_and_remedy_in_every_way_of_reading(
    store, verdicts, places
):
    for batch in "ab":
        store.write(
            "first_pass", verdicts(batch, [f"{batch}{i}" for i in range(50)]), partition={"batch": batch}, **WRITE
        )
    (path,) = store.path("first_pass").glob("batch=b/*.parquet")
    flip_a_bit(path, places)

    expected = (
        rf"reading first_pass failed at .*/first_pass: the file batch=b/{path.name} of batch 'b' is damaged \(.*"
        r"\); nothing was changed: restore the file, or delete it and give `data-engine run shop`, which makes its "
        r"rows anew"
    )
    for read in (
        lambda: store.read("first_pass"),
        lambda: store.read("first_pass", partition={"batch": "b"}, columns=["sample_id"]),
        lambda: store.dataset("first_pass").to_table(columns=["sample_id"]),
        lambda: list(store.dataset("first_pass").to_batches()),
        lambda: query(store, "select count(distinct sample_id) from first_pass"),
    ):
        with pytest.raises(StorageError, match=expected):
            read()
    assert len(store.read("first_pass", partition={"batch": "a"})) == 50
