"""The Dagster UI as a person sees it: headless Chromium opens the asset graph of a corpus."""

import os
from pathlib import Path

import browsing
import pytest

from data_engine.runtime.plan import STEPS


def test_the_asset_graph_reads_left_to_right_and_the_ui_stops_when_the_looking_fails(engine_folder: Path) -> None:
    left = {}
    with (
        pytest.raises(ZeroDivisionError),
        browsing.served_ui(engine_folder / "home") as address,
        browsing.opened_browser(width=1800, height=1500) as page,
    ):
        page.goto(
            f"{address}/locations/data_engine/asset-groups/license_notices/lineage", wait_until="domcontentloaded"
        )
        for name in STEPS:
            shown = page.get_by_text(name, exact=True).first
            shown.wait_for(timeout=20_000)
            left[name] = shown.bounding_box()["x"]
        raise ZeroDivisionError
    in_order = ["raw_index", "first_pass", "embeddings", "cluster_tree", "balanced_subset", "labels", "release"]
    assert sorted(in_order, key=left.__getitem__) == in_order
    assert _processes_of(engine_folder / "home") == []


def test_a_missing_chromium_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="install the package chromium"), browsing.opened_browser():
        pass


def _processes_of(home: Path) -> list[str]:
    """The processes whose Dagster home is this folder, besides this one; none where the system does not tell."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        if folder.name == str(os.getpid()):
            continue
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"DAGSTER_HOME={home}".encode() in environment:
            found.append(folder.name)
    return found
