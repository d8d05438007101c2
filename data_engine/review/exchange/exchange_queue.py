"""ExchangeQueue: the review queue as files and other tools see it.

Files are read and written by the formats in `registry.py`; people answer through `review/people/person_queue.py`.
"""

from datetime import datetime

from data_engine.labeling.provenance import GIVEN
from data_engine.review.exchange.exchanged import Exchange
from data_engine.review.exchange.resolving import ImportPlace
from data_engine.review.exchange.taking_in import Import, take_in
from data_engine.review.queue import ReviewQueue
from data_engine.review.queue_records import in_utc


class ExchangeQueue(ReviewQueue):
    """The queue behind import; see `ReviewQueue` for its URL."""

    def take_in(
        self,
        exchange: Exchange,
        place: ImportPlace,
        *,
        of: str,
        now: datetime,
        into: str | None = None,
        purpose: str = GIVEN,
    ) -> Import:
        """Put the answers of a file into the queue, all or none; see `taking_in.take_in`.

        Raises: InvalidInput; UnknownLabel. Nothing is changed then.
        """
        with self._writing() as connection:
            return take_in(connection, exchange, place, of=of, now=in_utc(now), into=into, purpose=purpose)
