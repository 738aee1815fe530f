"""Runs the scenarios of the JavaScript clients with Node, and tells what each client saw."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from node_packages import find_node, without_proxies
from node_packages import require_node as require_node_in
from running_service import KEY, SECRET, Service

CLIENTS = Path(__file__).parent
SCENARIOS = CLIENTS / "scenarios"


@dataclass(frozen=True)
class Seen:
    """What a client saw in each of its scenarios."""

    client: str
    options: tuple[str, ...]
    lines: dict[str, dict[str, Any]] = field(repr=False)

    def __call__(self, scenario: str) -> Any:
        line = self.lines.get(scenario)
        assert line is not None, f"{self.client} has not run {scenario!r}"
        assert "error" not in line, f"{self.client}, {scenario}: {line['error']}"
        return line["saw"]


class Clients:
    """Runs each client once against a service, however many tests look at what it saw."""

    def __init__(self, service: Service) -> None:
        self._endpoint = f"{service.address}/xapi/"
        self._seen: dict[tuple[str, ...], Seen] = {}

    def seen(self, client: str, *options: str) -> Seen:
        run = (client, *options)
        if run not in self._seen:
            self._seen[run] = Seen(client, options, self._run(client, options))
        return self._seen[run]

    def _run(self, client: str, options: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        node = str(find_node(CLIENTS))
        script = SCENARIOS / client
        ended = subprocess.run(
            # One of them is so old that half of Node's warnings are about it.
            [node, "--no-deprecation", script, self._endpoint, KEY, SECRET, *options],
            env=without_proxies(),
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        # The end alone: an uncaught error shows its line, and the lines of clients are minified.
        assert ended.returncode == 0, f"{client} ended early: {ended.stderr[-2000:]}"
        lines = [json.loads(line) for line in ended.stdout.splitlines()]
        return {line["scenario"]: line for line in lines}


def require_node() -> None:
    """Skip a test, or fail it if LRS_TEST_NODE is `required`, where its client cannot be run."""
    require_node_in(CLIENTS, "JavaScript clients are not tested")
