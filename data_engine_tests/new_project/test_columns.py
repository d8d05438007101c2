from data_engine.new_project.columns import Roles, classes_of, columns_of, guess_roles


def _roles(rows: list[dict[str, object]]) -> Roles:
    return guess_roles(columns_of(rows), len(rows))


def test_columns_are_known_by_their_names() -> None:
    rows = [{"id": n, "Text": f"some words {n}", "label": "ab"[n % 2], "score": n / 2} for n in range(12)]
    assert _roles(rows) == Roles(text="Text", label="label", id="id")


def test_without_known_names_the_longest_words_are_the_text_and_few_short_values_the_label() -> None:
    rows = [
        {
            "sku_id": f"s{n}",
            "what": f"a long sentence about {n}",
            "short": f"thing {n}",
            "mood": ["good", "bad"][n % 2],
        }
        for n in range(20)
    ]
    assert _roles(rows) == Roles(text="what", label="mood", id="sku_id")


def test_numbers_unique_values_and_lists_are_no_labels_and_repeated_values_no_id() -> None:
    rows = [{"text": f"some words {n}", "n": n % 3, "id": n % 4, "tags": ["x"], "other": f"v{n}"} for n in range(20)]
    assert _roles(rows) == Roles(text="text")


def test_bytes_and_names_of_image_files_are_images() -> None:
    assert _roles([{"image": {"bytes": b"x", "path": None}, "label": n % 2} for n in range(6)]).image == "image"
    assert _roles([{"file": f"a/{n}.JPG", "label": n % 2} for n in range(6)]) == Roles(image="file", label="label")


def test_classes_come_the_commonest_first() -> None:
    (column,) = columns_of([{"label": value} for value in ("b", "a", "b", "c", "a", "b")])
    assert classes_of(column) == ("b", "a", "c")
    assert (column.kind, column.n_filled, column.n_different) == ("text", 6, 3)
