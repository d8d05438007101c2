import pytest
from pydantic import ValidationError

from data_engine.rasters.settings import Raster


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"preview_bands": ("red", "nir")}, "preview_bands names 2 bands; name three"),
        ({"bands": ("red", "red")}, "bands names red twice; name each band once"),
        ({"bands": ()}, "bands names none; name each band once"),
        ({"bands": ("red",), "preview_bands": ("nir",)}, r"preview_bands names \['nir'\]; the bands are red"),
        ({"stretch": (98, 2)}, r"stretch is \[98.0, 2.0\]; the first has to be below the second"),
        ({"value_range": (1, 1)}, r"value_range is \[1.0, 1.0\]"),
        ({"time_pattern": r"\d+"}, r"has no group called time; write \(\?P<time>...\) around it"),
        ({"time_pattern": "("}, "is no regular expression"),
    ],
)
def test_what_can_mean_nothing_is_refused_with_the_remedy(said: dict, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Raster(**said)


def test_preview_bands_may_be_named_where_only_the_files_name_the_bands() -> None:
    assert Raster(preview_bands=("nir", "red", "green")).bands is None
