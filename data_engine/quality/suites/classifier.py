"""Checks of classifier: a classifier version.

What it proposes is checked in `proposals.py`.
"""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from data_engine.corpus import Corpus
from data_engine.quality.checks import blocking, warning
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows
from data_engine.quality.profiles import membership, one_row

TABLES = ("classifier",)

CHECKS = (
    blocking(
        "hold_out_is_large_enough",
        "The hold-out has what labels.hold_out_size asks for, or 50, or a third of the subset.",
    ),
    blocking("hold_out_was_not_trained_on", "No sample of the hold-out was trained on."),
    blocking(
        "not_worse_than_the_one_in_service",
        "The accuracy of a version that goes into service is not below the 90 % interval of the one before.",
    ),
    warning(
        "newest_answers_make_no_worse_version",
        "The accuracy of a version that stays out of service is not below the 90 % interval of the one before, either.",
    ),
    warning(
        "calibration_error_is_small",
        "The expected calibration error on the hold-out of the version in service is at most 0.1.",
    ),
)

MAX_CALIBRATION_ERROR = 0.1
_IN_SERVICE = (
    "a new version may not fall below the interval of the one in service",
    "keep the version in service and review the newest labels",
)
_OUT_OF_SERVICE = (
    "answers of people should not make it fall below the interval of the one in service, which stays",
    "review the newest labels: people may answer otherwise than before, or the hold-out may be old",
)


def suite(
    tables: Mapping[str, pa.Table],
    corpus: Corpus,
    min_hold_out: int | None = None,
    hold_out_ids: Sequence[str] = (),
    training_ids: Sequence[str] = (),
    previous_accuracy: float | None = None,
    previous_low: float | None = None,
) -> list[Truth]:
    """The truths about a classifier version.

    Args:
        tables: classifier; its last row is checked, and the calibration of the one in service, which proposals come
            from. It may be empty before the first round.
        corpus: gives the size of the hold-out.
        min_hold_out: least size of the hold-out; by default `labels.hold_out_size`, but at most a third of the subset.
        hold_out_ids: sample_ids of the hold-out.
        training_ids: sample_ids that the version was trained on.
        previous_accuracy: accuracy of the version before it; None when there is none.
        previous_low: lower end of the interval of that accuracy; the accuracy itself by default.
    """
    gx = load_expectations()
    rows = tables["classifier"].select(["n_hold_out", "accuracy", "calibration_error", "is_in_service"]).to_pylist()
    newest = rows[-1] if rows else {"n_hold_out": None, "accuracy": None, "is_in_service": True}
    is_in_service = bool(newest["is_in_service"])
    floor = previous_accuracy if previous_low is None else previous_low
    figures = one_row(n_hold_out=newest["n_hold_out"], accuracy=newest["accuracy"])
    found = {name: _shown(newest[name], "no version has been trained yet") for name in ("n_hold_out", "accuracy")}
    most = min(corpus.labels.hold_out_size, corpus.subset.target_size // 3)
    needed = most if min_hold_out is None else min_hold_out
    return [
        Truth(
            "hold_out_is_large_enough",
            figures,
            gx.ExpectColumnValuesToBeBetween(column="n_hold_out", min_value=needed),
            lambda _: f"hold-out samples: {found['n_hold_out']}",
            f"at least {needed:,} are needed",
            "answer the open hold-out tasks; where none is open, raise labels.rounds: the next round asks for the rest",
        ),
        _hold_out_was_not_trained_on(hold_out_ids, training_ids),
        _not_worse(CHECKS[2].name, figures, found["accuracy"], floor if is_in_service else None, _IN_SERVICE),
        _not_worse(CHECKS[3].name, figures, found["accuracy"], None if is_in_service else floor, _OUT_OF_SERVICE),
        _calibrated([row["calibration_error"] for row in rows if row["is_in_service"]]),
    ]


def _calibrated(of_service: Sequence[float]) -> Truth:
    """Of the version that proposals come from: a newer one that stays out of service proposes nothing."""
    error = of_service[-1] if of_service else None
    found = _shown(error, "no version is in service")
    return Truth(
        "calibration_error_is_small",
        one_row(calibration_error=error),
        load_expectations().ExpectColumnValuesToBeBetween(column="calibration_error", max_value=MAX_CALIBRATION_ERROR),
        lambda _: f"expected calibration error of the version in service: {found}",
        f"it should be at most {MAX_CALIBRATION_ERROR}",
        "label a larger hold-out; until then trust the gate and not single probabilities",
    )


def _shown(value: float | None, otherwise: str) -> str:
    return f"none, {otherwise}" if value is None else f"{value:,.3g}"


def _hold_out_was_not_trained_on(hold_out_ids: Sequence[str], training_ids: Sequence[str]) -> Truth:
    ids = pa.chunked_array([pa.array(sorted(set(hold_out_ids)), pa.string())])
    trained = pa.chunked_array([pa.array(list(training_ids), pa.string())])
    profile = Profile(pa.table({"sample_id": ids, "was_trained_on": membership(ids, trained)}), "sample_id")
    return of_rows(
        "hold_out_was_not_trained_on",
        profile,
        load_expectations().ExpectColumnValuesToBeInSet(column="was_trained_on", value_set=[False]),
        what="hold-out samples that were trained on",
        rule="figures from a sample that was trained on mean nothing",
        remedy="train again without them",
    )


def _not_worse(name: str, figures: Profile, found: str, floor: float | None, words: tuple[str, str]) -> Truth:
    held_against = "no version to compare it with" if floor is None else f"the version before it: at least {floor:.3g}"
    return Truth(
        name,
        figures,
        load_expectations().ExpectColumnValuesToBeBetween(column="accuracy", min_value=0.0 if floor is None else floor),
        lambda _: f"accuracy on the hold-out: {found} ({held_against})",
        *words,
    )
