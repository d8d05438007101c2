import json
from collections import Counter

from data_engine.new_project.example_corpus import example_lines, example_rows


def test_the_example_is_the_same_every_time_and_unbalanced() -> None:
    rows = [json.loads(line) for line in example_lines().splitlines()]
    assert rows == example_rows()
    assert len({row["id"] for row in rows}) == len(rows) == 400
    counts = Counter(row["subject"] for row in rows)
    assert set(counts) == {"baking", "gardens", "sailing", "trains"}
    assert counts["baking"] > 5 * counts["trains"]
