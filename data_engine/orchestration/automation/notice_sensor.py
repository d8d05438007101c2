"""The sensor that tells people of review batches; it launches nothing, and no run waits for it.

What is told and to whom is in `runtime/exchange/notices.py`; the other sensors are in `sensors.py`.
"""

import dagster as dg

from data_engine.errors import StorageError
from data_engine.orchestration.names import corpus_name, tags_of
from data_engine.runtime.corpus_runtime import CorpusRuntime


def notice_sensors(runtime: CorpusRuntime) -> list[dg.SensorDefinition]:
    """The sensor of notices where the corpus' YAML names somebody to tell, and none elsewhere.

    It runs from the start: who names somebody there wants them to be told.
    """
    notices = runtime.corpus.review.notices
    if not runtime.corpus.has_labels or notices is None or (notices.webhook is None and notices.email is None):
        return []

    @dg.sensor(
        name=corpus_name(runtime, "review_notices"),
        tags=tags_of(runtime),
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells by webhook and e-mail that a review batch opened, waits too long or is answered.",
    )
    def review_notices(_context: dg.SensorEvaluationContext) -> dg.SkipReason:
        from data_engine.runtime.exchange.notices import send_notices

        try:
            sent = send_notices(runtime)
        except StorageError as error:
            return dg.SkipReason(str(error))
        return dg.SkipReason(f"{sent.n_sent} notices sent, {sent.n_failed} attempts failed")

    return [review_notices]
