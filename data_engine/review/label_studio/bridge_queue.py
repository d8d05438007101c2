"""BridgeQueue: the review queue as the bridge to Label Studio sees it.

What is sent and read over HTTP is in `client.py`.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.review.exchange.exchange_queue import ExchangeQueue
from data_engine.review.exchange.exchanged import Exchange
from data_engine.review.exchange.imported_answers import Outcome
from data_engine.review.exchange.resolving import ImportPlace
from data_engine.review.label_studio.client import LabelStudioProject
from data_engine.review.label_studio.pulling import PulledTask, changed_tasks
from data_engine.review.label_studio.pushing import OpenTask, read_open_tasks
from data_engine.review.queue_tables import batch, bridge_cursor


@dataclass
class Pulled:
    """What a pull came to: tasks that had changed, answers by what became of them, and what cannot be read and why."""

    n_changed: int = 0
    n_foreign: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    unread: list[str] = field(default_factory=list)


class BridgeQueue(ExchangeQueue):
    """The queue behind push and pull; see `ReviewQueue` for its URL."""

    def tasks_to_push(self, corpus: str) -> list[OpenTask]:
        """The open tasks of a corpus, those that are asked first in front."""
        with self._reading() as connection:
            return read_open_tasks(connection, corpus)

    def pull(self, project: LabelStudioProject, place: ImportPlace, *, now: datetime) -> Pulled:
        """Take the answers over that have changed since the last pull; those of each task at once.

        What cannot be read holds up nothing, and is looked at again by the next pull.

        Raises: LabelStudioError; what was taken over before stays.
        """
        pulled, may_move_on = Pulled(), True
        for each in changed_tasks(project, self.queue_id, self._pulled_until(project, place.corpus)):
            pulled.n_changed += 1
            pulled.n_foreign += each.task is None and not each.unread
            unread = [*each.unread, *self._taken_over(project, place, each, pulled, now)]
            pulled.unread += unread
            may_move_on = may_move_on and not unread
            if may_move_on:
                self._remember(project, place.corpus, each.updated_at)
        return pulled

    def _taken_over(
        self, project: LabelStudioProject, place: ImportPlace, each: PulledTask, pulled: Pulled, now: datetime
    ) -> list[str]:
        """Take one task's answers over; why not, where it cannot be."""
        if each.task is None or not each.task.answers:
            return []
        with self._reading() as connection:
            query = sa.select(batch.c.corpus).where(batch.c.batch_id == each.task.batch_id)
            owner = connection.execute(query).scalar_one_or_none()
        if owner != place.corpus:
            return [f"{each.task.where}: {place.corpus} has no review batch {each.task.batch_id}"]
        try:
            found = self.take_in(Exchange((each.task,)), place, of=project.place, now=now)
        except (InvalidInput, UnknownLabel) as error:
            return [str(error)]
        pulled.outcomes.update({outcome: len(names) for outcome, names in found.outcomes.items()})
        return []

    def _pulled_until(self, project: LabelStudioProject, corpus: str) -> datetime | None:
        is_this = (bridge_cursor.c.corpus == corpus) & (bridge_cursor.c.place == project.place)
        with self._reading() as connection:
            found: datetime | None = connection.execute(
                sa.select(bridge_cursor.c.until).where(is_this)
            ).scalar_one_or_none()
        return found

    def _remember(self, project: LabelStudioProject, corpus: str, until: datetime) -> None:
        is_this = (bridge_cursor.c.corpus == corpus) & (bridge_cursor.c.place == project.place)
        with self._writing() as connection:
            connection.execute(sa.delete(bridge_cursor).where(is_this))
            connection.execute(sa.insert(bridge_cursor), {"corpus": corpus, "place": project.place, "until": until})
