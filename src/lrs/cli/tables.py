"""Tables on the terminal, and moments in them."""

from datetime import datetime

from rich.console import Console
from rich.table import Table

_WIDTH_OF_A_FILE = 400


def show(table: Table) -> None:
    """Print a table; into a file or a pipe so wide that no row is folded."""
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH_OF_A_FILE
    console.print(table)


def minute(moment: datetime | None) -> str:
    """Return a moment to the minute; nothing for none."""
    return moment.strftime("%Y-%m-%d %H:%M") if moment else ""
