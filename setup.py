"""Builds the wheel: what lies beside the package in a checkout is put into it, so that an installed engine has it."""

from pathlib import Path
from shutil import copyfile

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
#: Folder or file beside the package to its place in the package; `data_engine/shipped.py` looks for both.
SHIPPED = {"dbt_like_sql": "shipped_files/dbt_like_sql", ".dagster_home/dagster.yaml": "shipped_files/dagster.yaml"}


class BuildWithShippedFiles(build_py):
    """Copies the shipped files where no editable install is made."""

    def run(self) -> None:
        """Build the package, then add them."""
        super().run()
        if self.editable_mode:
            return
        for name, place in SHIPPED.items():
            source, target = ROOT / name, Path(self.build_lib) / "data_engine" / place
            files = [source] if source.is_file() else [path for path in sorted(source.rglob("*")) if path.is_file()]
            for path in files:
                to = target / path.relative_to(source)
                to.parent.mkdir(parents=True, exist_ok=True)
                copyfile(path, to)


setup(cmdclass={"build_py": BuildWithShippedFiles})
