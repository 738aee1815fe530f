"""What `lrs serve` tells a person when it is ready."""

import shlex
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape

_STATEMENT = (
    '{"actor":{"mbox":"mailto:ada@example.org"},'
    '"verb":{"id":"http://adlnet.gov/expapi/verbs/experienced"},'
    '"object":{"id":"http://example.org/first-steps"}}'
)


@dataclass(frozen=True, slots=True)
class Banner:
    """The facts to show.

    Attributes:
        address: where the service answers, without a path.
        database: which PostgreSQL, and where its data lies.
        versions: the versions of xAPI that are served.
        workers: how many processes serve.
        key: the key of the first credential, if it was made just now.
        secret: its secret, if it was made up just now; what the operator set is not shown.
    """

    address: str
    database: str
    versions: tuple[str, ...]
    workers: int
    key: str | None = None
    secret: str | None = None

    def show(self, console: Console) -> None:
        """Print the facts; plainly if the console is no terminal."""
        rows = [
            ("xAPI endpoint", f"{self.address}/xapi/"),
            ("versions", ", ".join(self.versions)),
            ("documentation", f"{self.address}/docs"),
            ("database", self.database),
            ("processes", str(self.workers)),
            *self._credential_rows(),
        ]
        _line(console, "\n[bold green]The LRS runs.[/] Ctrl-C ends it.\n")
        for name, value in rows:
            _line(console, f"  [bold]{name:<15}[/]{escape(value)}")
        _line(console, "\nTry it:\n")
        _line(console, f"  {escape(self.curl())}\n")

    def curl(self) -> str:
        """Return a command line that can be pasted and works."""
        if self.key is None or self.secret is None:
            return f"curl {self.address}/xapi/about"
        words = [
            "curl",
            *("--user", f"{self.key}:{self.secret}"),
            *("--header", "Content-Type: application/json"),
            *("--header", f"X-Experience-API-Version: {self.versions[0]}"),
            *("--data", _STATEMENT),
            f"{self.address}/xapi/statements",
        ]
        return shlex.join(words)

    def _credential_rows(self) -> list[tuple[str, str]]:
        if self.key is None:
            return []
        if self.secret is None:
            return [("key", self.key), ("secret", "as set in LRS_INITIAL_SECRET")]
        return [("key", self.key), ("secret", f"{self.secret}   (shown only this once: keep it)")]


def _line(console: Console, text: str) -> None:
    # No wrapping: a line that was cut at the window's edge could not be pasted.
    console.print(text, soft_wrap=True, highlight=False)
