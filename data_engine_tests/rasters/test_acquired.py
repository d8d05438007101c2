import pytest

from data_engine.rasters.acquired import acquired_at


@pytest.mark.parametrize(
    ("tags", "name", "pattern", "time"),
    [
        ({"TIFFTAG_DATETIME": "2024:06:01 10:15:30"}, "a.tif", None, "2024-06-01T10:15:30+00:00"),
        ({"ACQUISITIONDATETIME": "2023-05-04T03:02:01Z", "TIFFTAG_DATETIME": "2024:06:01 10:15:30"}, "a.tif", None,
         "2023-05-04T03:02:01+00:00"),
        ({"my_acquisition_day": "2023-05-04"}, "a.tif", None, "2023-05-04T00:00:00+00:00"),
        ({"TIFFTAG_DATETIME": "2024:06:01 10:15:30"}, "T33_20220708T101112.tif", r"_(?P<time>\d{8}T\d{6})",
         "2022-07-08T10:11:12+00:00"),
        ({}, "20220708.tif", r"(?P<time>\d{8})", "2022-07-08T00:00:00+00:00"),
        ({"TIFFTAG_DATETIME": "2024:13:41 10:15:30"}, "a.tif", None, None),
        ({"TIFFTAG_DATETIME": "soon"}, "a.tif", r"(?P<time>\d{8})", None),
        ({}, "a.tif", None, None),
    ],
)  # fmt: skip
def test_the_time_of_a_scene_by_its_name_its_tags_or_not_at_all(
    tags: dict, name: str, pattern: str | None, time: str | None
) -> None:
    assert acquired_at(tags, name, pattern) == time
