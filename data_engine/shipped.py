"""Files that belong to the engine and are no Python: in a checkout they lie beside the package, installed within it.

What a wheel holds of them is said in `setup.py`.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped_sql() -> Path:
    """The folder of the engine's own SQL models and tests."""
    return _place(_PACKAGE.parent / "dbt_like_sql", "dbt_like_sql")


def shipped_dagster_yaml() -> Path:
    """The settings of a Dagster home."""
    return _place(_PACKAGE.parent / ".dagster_home" / "dagster.yaml", "dagster.yaml")


def shipped_look() -> Path:
    """The style sheet that the report and the review page share: colours, type, dark mode."""
    return _PACKAGE / "look.css"


def _place(beside: Path, name: str) -> Path:
    within = _PACKAGE / "shipped_files" / name
    return within if within.exists() else beside
