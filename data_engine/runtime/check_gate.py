"""Check gate: which versions of a step passed its blocking checks, by the verdicts on the very rows that are read.

A blocking asset check holds back only its own run. So every result is also kept in the table `check_results`, with the
data version that it was given for, and every step asks here before it reads - also when somebody launches it by hand.
What the checks look at is in `check_inputs.py`; the threshold that proposals pass is a gate of `labeling`.

A version is open to those who read it when its own checks hold and those of every step that it was made from. When a
batch is delivered anew and held back, the version of it that was accepted before stays open. Of the embeddings of
several encoders only those of the newest are open: vectors of different encoders never meet.
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.errors import ChecksFailed
from data_engine.runtime.accepted_tables import AcceptedTables, rows_are_there
from data_engine.runtime.check_inputs import CheckedStep, check_inputs_of, what_ages
from data_engine.runtime.made_from.encoders import EMBEDDINGS, EncoderUsed, encoder_in_use, encoder_used, is_of_another
from data_engine.runtime.plan import STEPS
from data_engine.runtime.versions import (
    EarlierVersion,
    StepVersion,
    earlier_versions,
    fingerprint,
    step_versions,
    write_earlier_version,
)
from data_engine.schemas import CHECK_RESULTS

if TYPE_CHECKING:
    from data_engine.quality import CheckResult
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.storage import TableStore


@dataclass
class CheckGate:
    """The verdicts on the versions of a corpus' steps, as they were when they were first asked for.

    Attributes:
        runtime: The corpus.
        store: Its tables.
        run_id: The run that asks, which new verdicts name.
        keeps_verdicts: Whether new verdicts are written down; False for somebody who only wants to know.
    """

    runtime: "CorpusRuntime"
    store: "TableStore"
    run_id: str
    keeps_verdicts: bool = True
    _versions: dict[str, dict[str, StepVersion]] = field(default_factory=dict)
    _single_versions: dict[tuple[str, str], StepVersion | None] = field(default_factory=dict)
    _results: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    _refusals: dict[tuple[str, str, int], str] = field(default_factory=dict)
    _sorted_out: dict[str, tuple[dict[str, StepVersion], dict[str, str]]] = field(default_factory=dict)
    _encoder: list[EncoderUsed] = field(default_factory=list)

    def latest(self, step: str, batch: str) -> StepVersion | None:
        """The last version of a partition, judged or not; None of a step that the corpus does not have any more."""
        if step not in self.runtime.steps:
            return None
        if step in self._versions:
            return self._versions[step].get(batch)
        key = (step, batch)
        if key not in self._single_versions:
            self._single_versions[key] = step_versions(self.store, step, batch).get(key)
        return self._single_versions[key]

    def require(self, step: str, batch: str) -> StepVersion:
        """The last version of a partition, whose blocking checks all hold.

        Raises: ChecksFailed when it does not exist yet or a blocking check does not hold, naming check and remedy.
        """
        version = self.latest(step, batch)
        if version is None:
            name = _display_name(self.runtime, step, batch)
            raise ChecksFailed(f"{name} does not exist yet; materialize it first, then this step")
        refusal = self.refusal(version) or self._other_encoder(version)
        if refusal:
            raise ChecksFailed(refusal)
        return version

    def encoder_in_use(self) -> EncoderUsed:
        """The encoder of the newest vectors, which is that of all that are open to readers."""
        if not self._encoder:
            self._encoder.append(encoder_in_use(self.store, self._latest(EMBEDDINGS).values()))
        return self._encoder[0]

    def accepted(self, step: str) -> dict[str, StepVersion]:
        """The version of every partition that is open to readers: the last one, or that which was accepted before."""
        return self.sorted_out(step)[0]

    def sorted_out(self, step: str) -> tuple[dict[str, StepVersion], dict[str, str]]:
        """The open version of every partition, and why the last version of some is not."""
        if step not in self._sorted_out:
            self._sorted_out[step] = self._sort_out(step)
        return self._sorted_out[step]

    def _sort_out(self, step: str) -> tuple[dict[str, StepVersion], dict[str, str]]:
        accepted: dict[str, StepVersion] = {}
        held: dict[str, str] = {}
        for batch, version in self._latest(step).items():
            refusal = self.refusal(version) or self._other_encoder(version)
            if not refusal:
                accepted[batch] = version
                continue
            held[batch] = refusal
            before = self.accepted_before(step, batch) if STEPS[step].partition else None
            if before is not None:
                accepted[batch] = before
        return accepted, held

    def accepted_before(self, step: str, batch: str) -> StepVersion | None:
        """The version of a partition that was accepted before the last one, if today's rules accept it still."""
        earlier = earlier_versions(self.store, step, batch).get(batch)
        last = self.latest(step, batch)
        if earlier is None or (last is not None and last.table_version == earlier.version.table_version):
            return None
        return None if self.refusal(earlier.version) or self._other_encoder(earlier.version) else earlier.version

    def refusal(self, version: StepVersion) -> str:
        """Why a version is not open to readers; empty when it is."""
        key = (version.step, version.batch, version.table_version)
        if key not in self._refusals:
            self._refusals[key] = self._lost(version) or self.own_refusal(version) or self._refusal_behind(version)
        return self._refusals[key]

    def keep_accepted(self, step: str, batch: str) -> None:
        """Keep the last version of a partition, if its checks hold, before the step replaces it with its next one."""
        version = step_versions(self.store, step, batch).get((step, batch))
        if version is None:
            return
        key = self._verdict_key(version)
        verdict = self._kept_verdict(version, key)
        if verdict is not None and not verdict:
            write_earlier_version(self.store, EarlierVersion(version, key, is_accepted=True))

    def judge(self, version: StepVersion) -> "list[CheckResult]":
        """Run the suite of a step on one of its versions."""
        from data_engine.quality import evaluate

        tables, values = check_inputs_of(version.step, self._checked(version))
        return list(evaluate(version.step, tables, self.runtime.of_step(version.step).corpus, **values))

    def judge_and_keep(self, version: StepVersion) -> "list[CheckResult]":
        """Run the suite of a step on its last version and keep the results in the table `check_results`."""
        started = time.perf_counter()
        results = self.judge(version)
        self._keep(version, self._verdict_key(version), results, time.perf_counter() - started)
        return results

    def _judged(self, version: StepVersion, key: str) -> "tuple[list[CheckResult], float]":
        """Results for rows and rules that nobody has kept any for, and their seconds; made once within a process."""
        runtime = self.runtime.of_step(version.step)
        known, place = runtime.judged, (str(runtime.corpus_folder), version.step, version.batch, key)
        if place not in known:
            started = time.perf_counter()
            known[place] = (self.judge(version), time.perf_counter() - started)
        return known[place]

    def _keep(self, version: StepVersion, key: str, results: "list[CheckResult]", seconds: float) -> None:
        if not self.keeps_verdicts:
            return
        kept = {
            "step": version.step,
            "batch": version.batch,
            "data_version": key,
            "seconds": seconds,
            "run_id": self.run_id,
            "checked_at": datetime.now(UTC),
        }
        table = pa.Table.from_pylist([{**kept, **_row(result)} for result in results], schema=CHECK_RESULTS)
        partition = {"step": version.step, "batch": version.batch}
        self.store.write("check_results", table, partition=partition, run_id=self.run_id, code_version="1")

    def _latest(self, step: str) -> dict[str, StepVersion]:
        if step not in self._versions:
            found = step_versions(self.store, step) if step in self.runtime.steps else {}
            self._versions[step] = {batch: version for (_, batch), version in found.items()}
        return self._versions[step]

    def own_refusal(self, version: StepVersion) -> str:
        """What the checks of the step itself have against it; they are run where nobody has judged it yet."""
        key = self._verdict_key(version)
        reasons = self._kept_verdict(version, key)
        if reasons is None:
            latest = self.latest(version.step, version.batch)
            if latest is not None and latest.table_version == version.table_version:
                results, seconds = self._judged(version, key)
                self._keep(version, key, results, seconds)
                reasons = _reasons([_row(result) for result in results])
            else:
                reasons = self._judged_earlier(version, key)
        if not reasons:
            return ""
        name = _display_name(self.runtime, version.step, version.batch)
        return f"{name} is held back by its checks ({reasons}); mend the cause and materialize it again"

    def _judged_earlier(self, version: StepVersion, key: str) -> str:
        """The verdict on a version that is not the last one any more."""
        earlier = earlier_versions(self.store, version.step, version.batch).get(version.batch)
        is_kept = earlier is not None and earlier.version.table_version == version.table_version
        if is_kept and earlier is not None and earlier.verdict_key == key and earlier.is_accepted:
            return ""
        reasons = _reasons([_row(result) for result in self._judged(version, key)[0]])
        if is_kept and self.keeps_verdicts:
            write_earlier_version(self.store, EarlierVersion(version, key, is_accepted=not reasons))
        return reasons

    def _kept_verdict(self, version: StepVersion, key: str) -> str | None:
        """What failed when these rows were judged by these rules, empty when nothing did; None when nobody has."""
        if version.step in self._versions:
            rows = self._results_of(version.step).get(version.batch, [])
        else:
            partition = {"step": version.step, "batch": version.batch}
            rows = self.store.read("check_results", partition=partition).to_pylist()
        rows = [row for row in rows if row["data_version"] == key]
        return _reasons(rows) if rows else None

    def _results_of(self, step: str) -> dict[str, list[dict[str, Any]]]:
        """The kept results of a step by partition, read once where all partitions are asked for."""
        if step not in self._results:
            found: dict[str, list[dict[str, Any]]] = {}
            for row in self.store.read("check_results", partition={"step": step}).to_pylist():
                found.setdefault(row["batch"], []).append(row)
            self._results[step] = found
        return self._results[step]

    def _other_encoder(self, version: StepVersion) -> str:
        """Why vectors may not meet the newest ones; empty where one encoder made both, and for other steps."""
        if version.step != EMBEDDINGS or not is_of_another(self.store, version, self.encoder_in_use()):
            return ""
        name, made = _display_name(self.runtime, version.step, version.batch), encoder_used(self.store, version)
        return (
            f"{name} is of the encoder {made.shown}, but the newest embeddings are of {self.encoder_in_use().shown}; "
            f"`data-engine run {self.runtime.corpus.name}` embeds the batch anew"
        )

    def _lost(self, version: StepVersion) -> str:
        """Why the rows of a version cannot be read; empty when its commit is in the log of its table."""
        if rows_are_there(self.store, version.step, version.batch, version.table_version):
            return ""
        name = _display_name(self.runtime, version.step, version.batch)
        return f"the rows of {name} are lost; `data-engine run {self.runtime.corpus.name}` makes them anew"

    def _refusal_behind(self, version: StepVersion) -> str:
        """Why one of the steps that it was made from is not open; what has been replaced since was so when it ran."""
        for read, table_version in version.table_versions.items():
            step, _, batch = read.partition("/")
            if step == version.step or step not in STEPS:
                continue
            if batch or version.step in self._versions:
                # Of many partitions the versions are read at once.
                self._latest(step)
            batch = batch or (version.batch if STEPS[step].partition else "")
            behind = self.version_at(step, batch, table_version)
            refusal = "" if behind is None else self.refusal(behind)
            if refusal:
                name = _display_name(self.runtime, version.step, version.batch)
                return f"{name} was made from what is held back since: {refusal}"
        return ""

    def version_at(self, step: str, batch: str, table_version: int) -> StepVersion | None:
        """The version of a partition that was written at a version of its table; None when it is no longer known."""
        last = self.latest(step, batch)
        if last is None or last.table_version == table_version:
            return last
        earlier = earlier_versions(self.store, step, batch).get(batch)
        if earlier is None or earlier.version.table_version != table_version or self._lost(earlier.version):
            return None
        return earlier.version

    def _checked(self, version: StepVersion) -> CheckedStep:
        tables = AcceptedTables(self.store, self, version.step, version.batch, judged=version)
        return CheckedStep(self.runtime.of_step(version.step), tables, version.batch, {})

    def _verdict_key(self, version: StepVersion) -> str:
        """The rows and the rules that a verdict was given for; when either changes, it is no longer one."""
        ages = what_ages(version.step, self._checked(version))
        rules = self.runtime.of_step(version.step).rules_version(version.step)
        return f"{version.data_version}:{rules}" + (f":{fingerprint(ages)}" if ages else "")


def require_accepted(
    runtime: "CorpusRuntime", store: "TableStore", step: str, batch: str, *, run_id: str
) -> StepVersion:
    """The version of a partition whose blocking checks all hold.

    Raises: ChecksFailed when it does not exist yet or a blocking check does not hold, naming check and remedy.
    """
    return CheckGate(runtime, store, run_id).require(step, batch)


def accepted_batches(
    runtime: "CorpusRuntime", store: "TableStore", step: str, *, run_id: str
) -> tuple[dict[str, StepVersion], dict[str, str]]:
    """The open version of each partition of a step, and why the last version of the others is not."""
    return CheckGate(runtime, store, run_id).sorted_out(step)


def accepted_tables(runtime: "CorpusRuntime", *, run_id: str, as_step: str = "") -> AcceptedTables:
    """The tables of a corpus for somebody beside the steps: only what has passed all checks.

    Args:
        runtime: The corpus.
        run_id: What new verdicts name as the run.
        as_step: A step without partitions whose own tables are read as it wrote them last, whatever its checks say.
    """
    store = runtime.store()
    return AcceptedTables(store, CheckGate(runtime, store, run_id), as_step)


def run_checks(
    runtime: "CorpusRuntime", store: "TableStore", step: str, batch: str, *, run_id: str
) -> "list[CheckResult]":
    """Run the suite of a step on the last version of one partition and keep the results in `check_results`.

    Raises: ChecksFailed when there is nothing to check yet.
    """
    gate = CheckGate(runtime, store, run_id)
    version = gate.latest(step, batch)
    if version is None:
        name = _display_name(runtime, step, batch)
        raise ChecksFailed(f"{name} does not exist yet; materialize it before checking it")
    return gate.judge_and_keep(version)


def _row(result: "CheckResult") -> dict[str, Any]:
    return {
        "check": result.name,
        "passed": result.passed,
        "is_blocking": result.is_blocking,
        "detail": result.detail,
        "n_offending": result.n_offending,
    }


def _reasons(rows: list[dict[str, Any]]) -> str:
    return "; ".join(f"{row['check']}: {row['detail']}" for row in rows if row["is_blocking"] and not row["passed"])


def _display_name(runtime: "CorpusRuntime", step: str, batch: str) -> str:
    return f"{runtime.of_step(step).corpus.name}/{step}" + (f" of batch {batch!r}" if batch else "")
