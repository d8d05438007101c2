"""Choosing from a memory-mapped pool of a million samples: seconds, processor seconds and peak memory.

python benchmarks/subset_scale.py                     # 1,000,000 x 384, 100,000 chosen (1.5 GB on disk meanwhile)
python benchmarks/subset_scale.py --rows 100000       # a tenth of it
python benchmarks/subset_scale.py --write             # and write the section of RESULTS.md

Resident memory beyond the page cache is RssAnon of /proc/self/status, as in `kmeans_memory.py`.
"""

import argparse
import time

import numpy as np
from kmeans_memory import ResidentMemory
from mapped_mixture import mapped_mixture
from results import append_results, environment

from data_engine.sampling import choose_subset

DIM, SHARE, N_CENTRES = 384, 0.1, 2_000
MINUTES_GOAL, RESIDENT_GOAL_MIB = 20, 2048


def row_of(x: np.ndarray) -> str:
    """One row of the table."""
    target = round(SHARE * len(x))
    start, cpu = time.perf_counter(), time.process_time()
    with ResidentMemory() as resident:
        chosen = choose_subset(x, target, seed=0)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    if len(np.unique(chosen)) != target:
        raise SystemExit(f"{len(np.unique(chosen))} samples were chosen, not {target}")
    return f"| {len(x):,} | {target:,} | {seconds:,.0f} | {cpu:,.0f} | {resident.peak - resident.before:,.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    # Compiled once, so that it is not measured.
    choose_subset(np.random.default_rng(0).normal(size=(500, DIM)).astype(np.float32), 50, seed=0)
    lines = [
        f"`balanced` on rows of {DIM} float32 in a memory map, one in {1 / SHARE:.0f} chosen. Goal for a million: "
        f"{MINUTES_GOAL} minutes on 2 cores and {RESIDENT_GOAL_MIB:,} MiB beyond the page cache. Processor seconds "
        "are those of all threads, so two cores with nothing else to do need at least half as many.",
        "",
        "| samples | chosen | seconds | processor seconds | peak MiB |",
        "|---|---|---|---|---|",
    ]
    with mapped_mixture(args.rows, DIM, N_CENTRES, seed=0) as x:
        lines.append(row_of(x))
    print(*lines, sep="\n")
    if args.write:
        append_results("Choosing from a million samples", "\n".join(lines))
    print(environment())


if __name__ == "__main__":
    main()
