"""The public tester of SCIM servers (scim2-tester), by way of scim2-client, over HTTP."""

from scim2_tester import Status, check_server

from clients.scim_tester import report, scim_client
from running_service import KEY, SECRET, Service


def test_the_public_tester_finds_nothing_wrong_and_skips_nothing(service: Service) -> None:
    with scim_client(service.address, KEY, SECRET) as client:
        results = check_server(client)
    assert {each.status for each in results} == {Status.SUCCESS}, report(results)
    assert len(results) > 100
    assert {each.resource_type for each in results} == {None, "User", "Group"}
