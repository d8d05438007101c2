"""Parts of a Dagster instance that keep their files in `$DAGSTER_HOME`, wherever that is on this machine."""

import os
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from dagster._serdes import ConfigurableClassData


class InDagsterHome:
    """A part that `dagster.yaml` names, and that has nothing to configure."""

    FOLDER: ClassVar[str]
    """Its folder, from `$DAGSTER_HOME`."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(
        cls,
        inst_data: ConfigurableClassData | None,
        config_value: Mapping[str, Any],  # noqa: ARG003
    ) -> Self:
        """Made by Dagster from `dagster.yaml`."""
        home = os.environ.get("DAGSTER_HOME")
        if not home:
            raise ValueError("DAGSTER_HOME is not set; set it to the folder that holds dagster.yaml")
        return cls.in_folder(str(Path(home) / cls.FOLDER), inst_data)

    @classmethod
    @abstractmethod
    def in_folder(cls, folder: str, inst_data: ConfigurableClassData | None) -> Self:
        """The part, with its files in this folder."""
