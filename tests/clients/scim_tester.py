"""Runs the public tester of SCIM servers (scim2-tester) against a running service.

As a command it prints the report:

    python -m clients.scim_tester http://127.0.0.1:8080 KEY SECRET
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from scim2_client.client import BaseSyncSCIMClient
from scim2_tester import CheckResult, Status, check_server


class ScimClient(BaseSyncSCIMClient):
    """scim2-client, speaking through httpx, which the other tests use too."""

    def __init__(self, client: httpx.Client, **options: Any) -> None:
        super().__init__(**options)
        self.client = client

    def _stays_under_base_url(self, endpoint: str) -> bool:
        url = str(self.client.build_request("GET", endpoint).url)
        return url.startswith(str(self.client.base_url))

    def _parse_json(self, response: Any) -> Any:
        return response.json()

    def request(self, method: str, url: str, **kwargs: Any) -> httpx.Response:
        return self.client.request(method, url, **kwargs)


@contextmanager
def scim_client(address: str, key: str, secret: str) -> Iterator[ScimClient]:
    with httpx.Client(
        base_url=f"{address}/scim/v2/", auth=(key, secret), timeout=30, trust_env=False
    ) as client:
        yield ScimClient(client)


def report(results: Sequence[CheckResult]) -> str:
    """Return a line for each check, how often it ended how, and each failure in full."""
    counts: Counter[tuple[str, str, str]] = Counter(
        (each.resource_type or "-", each.title or "-", each.status.name) for each in results
    )
    lines = ["| of | check | result | times |", "|---|---|---|---|"]
    lines += [f"| {of} | {check} | {how} | {times} |" for (of, check, how), times in counts.items()]
    total = Counter(each.status.name for each in results)
    lines.append(f"\n{len(results)} results: {dict(total)}")
    lines += [
        f"\n{each.title} of {each.resource_type}: {each.reason}"
        for each in results
        if each.status is not Status.SUCCESS
    ]
    return "\n".join(lines)


def main() -> None:
    address, key, secret = sys.argv[1:]
    with scim_client(address, key, secret) as client:
        sys.stdout.write(f"{report(check_server(client))}\n")


if __name__ == "__main__":
    main()
