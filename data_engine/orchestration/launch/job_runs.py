"""The jobs of one command: executed in this process against Dagster's instance, and what came of each.

Which job comes when is in `runner.py`.
"""

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg
from rich.text import Text

from data_engine.errors import DataEngineError, NotEnoughData
from data_engine.orchestration.instance.compute_logs import printed_on_the_terminal
from data_engine.orchestration.launch.failures import lacks_data, why_failed
from data_engine.orchestration.launch.interrupts import raise_if_interrupted
from data_engine.orchestration.launch.orphaned_runs import process_tags
from data_engine.orchestration.names import asset_key, corpus_name
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.versions import StepVersion, step_versions
from data_engine.terminal.plain_text import plain
from data_engine.terminal.run_summary import RunOutcome

if TYPE_CHECKING:
    from rich.console import Console


class JobRuns:
    """Executes jobs of one corpus and keeps what came of them in the outcome of the command."""

    def __init__(
        self,
        runtime: CorpusRuntime,
        defs: dg.Definitions,
        instance: dg.DagsterInstance,
        console: "Console",
        outcome: RunOutcome,
    ) -> None:
        self.runtime, self.defs, self.instance, self.console, self.outcome = runtime, defs, instance, console, outcome
        self._versions: dict[tuple[str, str], StepVersion] | None = None
        self._gate: CheckGate | None = None

    def forget_versions(self) -> None:
        """Read versions and verdicts anew when they are next asked for, because tables have changed."""
        self._versions = self._gate = None

    def known(self) -> dict[tuple[str, str], StepVersion]:
        """The last version of every step; read once between two launches."""
        if self._versions is None:
            self._versions = step_versions(self.runtime.store())
        return self._versions

    def gate(self) -> CheckGate:
        """The verdicts on what is known; read once between two launches."""
        if self._gate is None:
            self._gate = CheckGate(self.runtime, self.runtime.store(), "plan")
        return self._gate

    def add_partitions(self, definition: dg.DynamicPartitionsDefinition, keys: Sequence[str]) -> None:
        """Let Dagster know partitions, where it does not yet."""
        name = definition.name or ""
        known = set(self.instance.get_dynamic_partitions(name))
        new = [key for key in dict.fromkeys(keys) if key not in known]
        if new:
            self.instance.add_dynamic_partitions(name, new)

    def launch(self, job: str, steps: Sequence[str], batch: str | None = None, *, may_fail: bool = False) -> None:
        """Execute a job over some of its steps; a batch that may fail is held where its data are the cause.

        Raises: DataEngineError when the run fails otherwise, NotEnoughData where a step had too little to work with.
        """
        keys = [asset_key(self.runtime, step) for step in steps]
        if job == "publish" and not self.runtime.question:
            keys += self._sql_model_keys()
        what = "label" if tuple(steps) == ("labels",) and self.runtime.question else job
        called = f"{'read' if tuple(steps) == ('raw_index',) else what} {batch or ''}".strip()
        result = self.execute(job, called, {}, partition_key=batch, asset_selection=keys)
        if result.success:
            if job == "publish":
                self._name_failed_tests(result)
            return
        why, is_ours = why_failed(self.runtime, result)
        if not may_fail or batch is None or not is_ours:
            kind = NotEnoughData if lacks_data(result) else DataEngineError
            raise kind(f"{called} failed: {why}")
        self.hold(batch, called, why)

    def execute(self, job: str, called: str, config: dict[str, object], **selected: Any) -> dg.ExecuteInProcessResult:
        """Run a job in this process, and say how long it took where it succeeds."""
        from data_engine.terminal.progress_bars import bars

        started = time.perf_counter()
        with bars(self.console), printed_on_the_terminal(), warnings.catch_warnings():
            # Dagster takes apart a multi-asset of ours for a run with an interface that it calls beta.
            warnings.simplefilter("ignore", dg.BetaWarning)
            result = self.defs.resolve_job_def(corpus_name(self.runtime, job)).execute_in_process(
                instance=self.instance,
                raise_on_error=False,
                run_config={**config, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                tags=process_tags(),
                **selected,
            )
        raise_if_interrupted()
        self.outcome.n_runs += 1
        self._account(result.run_id)
        if result.success:
            took = time.perf_counter() - started
            self.console.print(Text.assemble("  ", ("ok", "green"), "  ", plain(f"{called:<28} {took:6.1f} s")))
        return result

    def hold(self, batch: str, called: str, why: str) -> None:
        """Hold a batch back for a reason, which is printed."""
        self.outcome.quarantined[batch] = why
        self.console.print(Text.assemble("  ", ("held", "red"), plain(f" {called:<28} {why}")))

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Count the seconds of what is done within."""
        started = time.perf_counter()
        yield
        self._add_seconds(what, time.perf_counter() - started)

    def _account(self, run_id: str) -> None:
        """Count the seconds that the steps of a run, and their checks, took themselves."""
        self.forget_versions()
        for (step, _), version in self.known().items():
            if version.run_id == run_id:
                self._add_seconds("sql models" if step.startswith("sql_") else step, version.seconds)
        checked = self.runtime.store().read("check_results", columns=["step", "batch", "seconds", "run_id"]).to_pylist()
        for row in {(row["step"], row["batch"]): row for row in checked if row["run_id"] == run_id}.values():
            self._add_seconds("checks", row["seconds"])

    def _add_seconds(self, what: str, seconds: float) -> None:
        self.outcome.seconds[what] = self.outcome.seconds.get(what, 0.0) + seconds

    def _name_failed_tests(self, result: dg.ExecuteInProcessResult) -> None:
        """SQL tests hold nothing back, so a run that breaks one succeeds; it says so."""
        sql = set(self._sql_model_keys())
        for check in result.get_asset_check_evaluations():
            if check.asset_key in sql and not check.passed:
                self.outcome.failed_tests[check.check_name] = check.description or ""
                self.console.print(
                    Text.assemble("  ", ("fails", "red"), plain(f" {check.check_name}: {check.description}"))
                )

    def _sql_model_keys(self) -> list[dg.AssetKey]:
        group = corpus_name(self.runtime, "sql")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)
            graph = self.defs.resolve_asset_graph()
        return [key for key in graph.materializable_asset_keys if graph.get(key).group_name == group]
