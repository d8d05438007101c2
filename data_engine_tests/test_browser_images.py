"""The report of a corpus of images: thumbnails and montages, also as a browser shows them."""

import json
import re
from pathlib import Path

import browsing
import pyarrow as pa
import pytest
from PIL import Image

from data_engine.corpus import Corpus
from data_engine.images import thumbnail
from data_engine.reporting import build_quality_report, render_report

Tables = dict[str, pa.Table]


@pytest.fixture(scope="module")
def page(corpus: Corpus, tables: Tables, seconds: dict[str, float]) -> str:
    """The small corpus as one of images: each sample is 100 red pixels by 50, and no cluster has a name."""
    red = thumbnail(Image.new("RGB", (100, 50), "red"))
    some = {**tables}
    for name, column, values in (("raw_index", "thumbnail", [red]), ("cluster_portraits", "name", [None])):
        place = some[name].schema.get_field_index(column)
        field = some[name].schema.field(place)
        some[name] = some[name].set_column(place, field, pa.array(values * some[name].num_rows, field.type))
    of_images = corpus.model_copy(update={"modality": "image"})
    return render_report(of_images, some, build_quality_report(of_images, some), {}, seconds, {})


def test_images_are_shown_where_a_corpus_has_them(page: str) -> None:
    sections = {name: page[page.index(f'id="{name}"') :].split("</section>")[0] for name in ("rejected", "clusters")}
    assert sections["rejected"].count('alt="The rejected sample"') == 12
    assert sections["rejected"].count('alt="The kept sample"') == 6
    # Six clusters on the coarsest level, three on each side.
    assert sections["clusters"].count('class="montage"') == 6
    (data,) = re.findall(r'id="tree-data">(.*?)</script>', page, re.DOTALL)
    assert all(entry[2].startswith("data:image/jpeg;base64,") for entry in json.loads(data)["samples"])
    assert "terms that its texts have" not in page


def test_a_browser_shows_every_image_and_finds_a_cluster_by_its_label(page: str, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(page, "utf-8")
    with browsing.opened_browser(width=1000) as opened:
        said: list[str] = []
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        opened.goto((tmp_path / "report.html").as_uri())
        largest = opened.locator("#tree .tree-list > details").first
        assert largest.locator("summary .name").inner_text().endswith("cluster 0 · mostly apache")
        assert largest.locator("summary img.mini").count() == 3
        largest.locator("summary").click()
        # A browser tells of what was unfolded after the click has ended.
        largest.locator(":scope > .inside").wait_for(timeout=5_000)
        assert largest.locator(":scope > .inside > .examples img.thumbnail").count() == 3
        sizes = opened.locator("img").evaluate_all("all => all.map(image => [image.naturalWidth, image.naturalHeight])")
        # Thumbnails elsewhere, those of the tree, and montages.
        assert {tuple(size) for size in sizes} >= {(100, 50), (64, 32)}
        assert all(width > 0 for width, _ in sizes)
        opened.locator("#tree input").fill("mostly gpl")
        opened.get_by_text("clusters found").wait_for(timeout=5_000)
        assert set(opened.locator("#tree .tree-list summary mark").all_inner_texts()) == {"mostly gpl"}
        assert said == []
