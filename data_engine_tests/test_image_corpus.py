"""A corpus of images through the whole graph: what is broken, twice there or gone is named, the rest is released."""

import json
from collections import Counter
from io import StringIO
from math import ceil
from pathlib import Path
from random import Random
from typing import Any

import dagster as dg
import pyarrow.compute as pc
import pytest
from PIL import Image, ImageDraw
from rich.console import Console
from small_project import SmallProject

from data_engine.duplicates.images.sketch import SKETCH_BYTES
from data_engine.orchestration.names import asset_key, corpus_name
from data_engine.storage import TableStore
from data_engine.terminal.why import print_why

COLOURS = ("red", "navy", "green")


def draw(colour: str, random: Random) -> Image.Image:
    """A disc somewhere on a coloured ground, with a stripe across it."""
    image = Image.new("RGB", (64, 64), tuple(random.randrange(180, 250) for _ in range(3)))
    x, y, radius = random.randrange(15, 49), random.randrange(15, 49), random.randrange(8, 20)
    pen = ImageDraw.Draw(image)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    pen.line([(random.randrange(64), 0), (random.randrange(64), 63)], fill="black", width=random.randrange(1, 6))
    return image


def write_discs(folder: Path, seed: int, n_each: int) -> None:
    random = Random(seed)
    for colour in COLOURS:
        (folder / colour).mkdir(parents=True)
        for number in range(n_each):
            draw(colour, random).save(folder / colour / f"{number:03}.png")


def discs_corpus(source: Path) -> dict[str, Any]:
    return {
        "name": "discs",
        "modality": "image",
        "seed": 3,
        "source": {"kind": "folder", "path": str(source), "uri_pattern": "(?P<colour>[a-z]+)/[^/]+$"},
        "encoder": "colour-and-gradient-histograms",
        "tree": {"n_clusters": [40, 10], "max_iterations": 10},
        "subset": {"target_size": 120},
        "labels": {
            "question": "Which colour has the disc?",
            "classes": list(COLOURS),
            "hold_out_size": 50,
            "query_batch_size": 15,
            "rounds": 2,
            "synthesised_share": 0.3,
        },
        "review": {"simulated": [{"name": "reader", "error_rate": 0.0}]},
        "known_label_column": "colour",
        "drift": {"min_samples": 50},
    }


def shown_of(step: str) -> dict[str, str]:
    """What the Dagster UI shows of the newest run of a step, the values as text."""
    with dg.DagsterInstance.get() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["discs", step]))
    assert event is not None
    assert event.asset_materialization is not None
    return {name: str(value.value) for name, value in event.asset_materialization.metadata.items()}


@pytest.fixture
def discs(project: SmallProject) -> SmallProject:
    source = project.folder / "source"
    for seed, batch in enumerate(("first", "second")):
        write_discs(source / batch, seed, 40)
    whole = (source / "first" / "red" / "001.png").read_bytes()
    (source / "second" / "red" / "copy.png").write_bytes(whole)
    Image.open(source / "first" / "red" / "002.png").resize((128, 128)).save(source / "second" / "red" / "larger.webp")
    (source / "second" / "red" / "torn.png").write_bytes(whole[: len(whole) // 2])
    Image.new("RGB", (64, 64), "red").save(source / "second" / "red" / "solid.png")
    project.add(discs_corpus(source))
    return project


def test_a_corpus_of_images_runs_to_its_release(discs: SmallProject, engine_folder: Path) -> None:
    said = discs.run("discs")
    assert "quality report" in said
    store = TableStore(engine_folder / "data", "discs")
    verdicts = {row["uri"]: row for row in store.read("first_pass").to_pylist()}
    reasons = {
        name: verdicts[f"second/red/{name}"]["reason"] for name in ("copy.png", "larger.webp", "torn.png", "solid.png")
    }
    assert reasons == {
        "copy.png": "exact_duplicate",
        "larger.webp": "near_duplicate",
        "torn.png": "unreadable",
        "solid.png": "near_solid",
    }
    assert verdicts["second/red/larger.webp"]["duplicate_of"] == verdicts["first/red/002.png"]["sample_id"]
    torn = next(row for row in store.read("raw_index").to_pylist() if row["uri"] == "second/red/torn.png")
    assert torn["error"].startswith("truncated image")
    kept = {row["sample_id"] for row in verdicts.values() if row["verdict"] == "kept"}
    assert set(store.read("embeddings")["sample_id"].to_pylist()) == kept
    released = store.read("release").to_pylist()
    assert released and all(
        row["text"] is None and row["label"] == json.loads(row["metadata"])["colour"] for row in released
    )
    (folder,) = (engine_folder / "data" / "discs" / "releases").iterdir()
    for row in released:
        assert (folder / "images" / f"{row['sample_id']}.png").read_bytes() == (
            discs.folder / "source" / row["uri"]
        ).read_bytes()
    assert 'Image.open(path_of[samples["sample_id"][0]])' in (folder / "README.md").read_text("utf-8")
    written = StringIO()
    console = Console(file=written, force_terminal=True, color_system="truecolor", width=200)
    print_why(discs.load().runtime("discs"), verdicts["second/red/solid.png"]["sample_id"], console=console)
    # 28 lines of 56 characters, two red pixels each, as JPEG keeps red; and the reason below them.
    assert written.getvalue().count("\x1b[38;2;254;0;0;48;2;254;0;0m") == 28 * 56
    assert "near_solid" in written.getvalue() and "repeats" not in written.getvalue()
    print_why(discs.load().runtime("discs"), verdicts["second/red/larger.webp"]["sample_id"], console=console)
    larger, kept = written.getvalue().partition("second/red/larger.webp")[2].split("repeats")
    assert larger.count("▀") == kept.count("▀") == 28 * 56
    assert "first/red/002.png" in kept
    check_children(discs, store)
    metadata = {step: shown_of(step) for step in ("raw_index", "first_pass", "cluster_tree", "balanced_subset")}
    assert {"images: kept", "images: exact_duplicate", "images: near_duplicate", "images: near_solid"} == {
        name for name in metadata["first_pass"] if name.startswith("images")
    }
    for step, name in (
        ("raw_index", "images"),
        ("first_pass", "images: kept"),
        ("balanced_subset", "chosen images"),
    ):
        assert metadata[step][name].startswith(f"![{name}](data:image/jpeg;base64,")
    header, _, first, *_ = metadata["cluster_tree"]["largest clusters"].splitlines()
    assert header == "| cluster | samples | silhouette | nearest | border |"
    assert first.count("![nearest](data:image/jpeg;base64,") == first.count("![border](data:image/jpeg;base64,") == 1


def check_children(discs: SmallProject, store: TableStore) -> None:
    """Children of images were asked about in the second round: answered, learnt from, held out and released nowhere."""
    answers = store.read("reviewed_labels").to_pylist()
    purposes = {row["sample_id"]: row["purpose"] for row in answers if row["purpose"] != "trap"}
    children = {row["sample_id"]: row for row in answers if row["purpose"] == "synthesised"}
    asked = Counter((row["review_batch"], row["purpose"]) for row in answers)
    rounds = sorted({row["review_batch"] for row in answers})
    assert rounds[:2] == ["discs-round-000", "discs-round-001"] and asked["discs-round-001", "query"] == 15
    assert [asked[batch, "synthesised"] for batch in rounds] == [
        0, *(ceil(0.3 * asked[batch, "query"]) for batch in rounds[1:])
    ]  # fmt: skip
    made = {child: child.split("+") for child in children}
    assert {change for _, change in made.values()} <= {"crop", "brightness", "contrast"}
    assert len({(children[child]["review_batch"], parent) for child, (parent, _) in made.items()}) == len(made)
    assert {purposes[parent] for parent, _ in made.values()} <= {"query", "control", "audit", "doubtful"}
    truth = {row["sample_id"]: json.loads(row["metadata"])["colour"] for row in store.read("raw_index").to_pylist()
             if row["metadata"]}  # fmt: skip
    assert all(row["label"] == truth[made[child][0]] for child, row in children.items())
    learnt = store.read("classifier").to_pylist()
    assert [row["n_training"] for row in learnt][-1] == sum(each != "hold_out" for each in purposes.values())
    assert not set(children) & set(store.read("labels")["sample_id"].to_pylist())
    assert not set(children) & set(store.read("release")["sample_id"].to_pylist())
    child, (parent, change) = next(iter(made.items()))
    told = store.read("ledger").filter(pc.field("sample_id") == child).to_pylist()
    assert [row["reason"].endswith(f"(synthesised: {change} of {parent})") for row in told] == [True]
    written = StringIO()
    print_why(discs.load().runtime("discs"), parent, console=Console(file=written, width=250))
    assert f"{change} of {parent}" in written.getvalue()


def test_accepted_images_are_found_in_segments_that_are_written_anew_where_they_are_gone(discs: SmallProject) -> None:
    loaded = discs.load()
    runtime = loaded.runtime("discs")
    folder = runtime.corpus_folder / "accepted"
    with dg.DagsterInstance.get() as instance:
        assets = loaded.definitions.resolve_asset_graph().assets_defs
        steps = [asset_key(runtime, "raw_index"), asset_key(runtime, "first_pass")]
        instance.add_dynamic_partitions(corpus_name(runtime, "batches"), ["first", "second"])

        def judge(batch: str) -> None:
            result = dg.materialize(assets, instance=instance, partition_key=batch, selection=steps)
            assert result.success

        judge("first")
        assert not folder.exists()
        judge("second")
        before = runtime.store().read("first_pass").sort_by("uri")
        assert Counter(before["reason"].to_pylist())["near_duplicate"] == 1
        (segment,) = folder.iterdir()
        segment.write_bytes(segment.read_bytes()[:1000])
        judge("second")
        assert runtime.store().read("first_pass").sort_by("uri").equals(before)
        assert segment.stat().st_size > 120 * (SKETCH_BYTES + 4 * 12)


def test_a_image_that_goes_missing_between_two_steps_is_named_and_skipped(
    discs: SmallProject, engine_folder: Path
) -> None:
    from data_engine.embedding import embed_unique, load_encoder
    from data_engine.indexing import list_batches, read_batch
    from data_engine.runtime.media import load_items

    runtime = discs.load().runtime("discs")
    source = runtime.corpus.source
    files = list_batches(source, runtime.corpus.batches, runtime.project_folder)["first"]
    raw = read_batch(source, files, batch="first", modality="image")
    (discs.folder / "source" / "first" / "green" / "003.png").unlink()
    encoder = load_encoder("colour-and-gradient-histograms")
    ids = raw["sample_id"].to_pylist()
    found = embed_unique(
        ids, load_items(runtime, raw, encoder.max_side_px), encoder, runtime.store().embedding_cache("v", encoder.dim)
    )
    gone = raw["uri"].to_pylist().index("first/green/003.png")
    assert list(found.failures) == [gone]
    assert "image first/green/003.png cannot be read again" in found.failures[gone]
    assert found.n_computed == len(ids) - 1
