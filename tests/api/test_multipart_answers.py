"""`attachments=true` is answered in the form that JavaScript clients take apart (Comm. 2.1.3)."""

import json
import re

import httpx

from builders import a_statement
from statement_resource import new_id, post_text


async def test_the_statements_are_the_first_part_and_on_one_line(client: httpx.AsyncClient) -> None:
    identifier = new_id()
    await post_text(client, json.dumps(a_statement(id=identifier), indent=2))

    answer = await client.get("/statements", params={"attachments": "true"})

    found = re.fullmatch("multipart/mixed; boundary=([-a-z0-9]+)", answer.headers["Content-Type"])
    assert found
    before, part, after = answer.text.split(f"--{found[1]}")
    headers, body = part.split("\r\n\r\n")
    assert (before, after) == ("", "--\r\n")
    assert headers == "\r\nContent-Type: application/json"
    assert body.count("\n") == 1
    assert body.endswith("\r\n")
    assert [statement["id"] for statement in json.loads(body)["statements"]] == [identifier]


async def test_a_single_statement_is_multipart_too(client: httpx.AsyncClient) -> None:
    identifier = new_id()
    await post_text(client, json.dumps(a_statement(id=identifier)))

    answer = await client.get(
        "/statements", params={"statementId": identifier, "attachments": "true"}
    )

    assert answer.headers["Content-Type"].startswith("multipart/mixed; boundary=")
    assert json.loads(answer.text.split("\r\n\r\n")[1].split("\r\n--")[0])["id"] == identifier
