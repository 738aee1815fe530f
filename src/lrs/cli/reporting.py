"""How a command ends when something is wrong: a message and an exit code, no traceback."""

from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from lrs.errors import LRSError, StartError
from lrs.settings import SettingsError

FAILED = 1
WRONG_SETTING = 2


class ReportingGroup(TyperGroup):
    """Runs a command and tells a person what it could not do."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401 - click's signature
        """Run the command; turn our errors into a message on standard error."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            _tell(f"Wrong settings:\n{error}")
            raise typer.Exit(WRONG_SETTING) from error
        except (LRSError, StartError) as error:
            _tell(str(error))
            raise typer.Exit(FAILED) from error


def _tell(message: str) -> None:
    Console(stderr=True).print(message, style="red", markup=False, highlight=False, soft_wrap=True)
