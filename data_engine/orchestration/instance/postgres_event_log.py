"""Dagster's Postgres event log, safe when several runs meet a new pool at once; `dagster.yaml` names it.

Dagster inserts a row for a pool that it has not seen, and where another run was faster it goes on in a transaction that
PostgreSQL has already given up, so that the run fails (dagster issue 33552, open). By then the pool is there, which is
all that was wanted.
"""

from collections.abc import Mapping
from typing import Any, Self

from dagster._serdes import ConfigurableClassData
from dagster_postgres.event_log import PostgresEventLogStorage
from dagster_postgres.utils import get_token_provider_from_config, pg_url_from_config
from sqlalchemy.exc import InternalError


class PoolSafePostgresEventLogStorage(PostgresEventLogStorage):
    """Event logs in Postgres, configured as `dagster_postgres.event_log.PostgresEventLogStorage` is."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Made by Dagster from `dagster.yaml`; Dagster's own method would make its own class."""
        return cls(
            postgres_url=pg_url_from_config(config_value),
            should_autocreate_tables=config_value.get("should_autocreate_tables", True),
            inst_data=inst_data,
            token_provider=get_token_provider_from_config(config_value),
        )

    def initialize_concurrency_limit_to_default(self, concurrency_key: str) -> bool:
        """Make a pool with the default limit; whether it is there afterwards."""
        try:
            return super().initialize_concurrency_limit_to_default(concurrency_key)
        except InternalError:
            if concurrency_key not in self.get_concurrency_keys():
                raise
            return True
