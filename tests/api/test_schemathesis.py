"""Made-up requests from the OpenAPI document: none fails the service, each answer is documented."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import status_code_conformance

from running_service import KEY, SECRET, Service, known

# Many more take minutes; run with a larger figure after a change of the routes.
MOST_REQUESTS_OF_AN_OPERATION = 8

Operation = schemathesis.schemas.APIOperation[Any, Any, Any, Any]
Case = schemathesis.Case[Any]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with (
        tempfile.TemporaryDirectory(prefix="lrs-schemathesis-") as directory,
        known(Path(directory) / "data", LRS_BODY_TIMEOUT=3) as service,
    ):
        yield service


def answers(operation: Operation) -> Iterator[tuple[int, str]]:
    """Send made-up requests to one operation; return each status, and what is wrong with it."""
    found: list[tuple[int, str]] = []

    @settings(
        max_examples=MOST_REQUESTS_OF_AN_OPERATION,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy())
    def send(case: Case) -> None:
        answer = case.call(auth=(KEY, SECRET), timeout=30)
        found.append((answer.status_code, ""))
        try:
            case.validate_response(answer, checks=[not_a_server_error, status_code_conformance])
        except FailureGroup as group:
            wrong = "; ".join(str(failure)[:300] for failure in group.exceptions)
            found.append((answer.status_code, f"{operation.label}: {wrong}"))

    send()
    yield from found


def test_what_is_made_up_is_answered_as_documented(service: Service) -> None:
    schema = schemathesis.openapi.from_url(f"{service.address}/openapi.json")
    operations = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    answered = [answer for each in operations for answer in answers(each)]
    assert {wrong for _, wrong in answered} == {""}
    assert len(answered) > 300
    assert {200, 201, 400, 404} <= {status for status, _ in answered}
