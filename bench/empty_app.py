"""The limit of any FastAPI service: routes that do nothing, with the server of `lrs serve`."""

import socket
from functools import cache

import uvicorn
from fastapi import FastAPI, Request, Response

app = FastAPI()


@app.get("/bytes/{size}")
async def give(size: int) -> Response:
    """Return so many bytes."""
    return Response(_made(size), media_type="application/json")


@app.api_route("/{path:path}", methods=["GET", "POST", "PUT"])
async def take(request: Request) -> Response:
    """Read the body and say nothing of it."""
    await request.body()
    return Response()


@cache
def _made(size: int) -> bytes:
    return b" " * size


def main() -> None:
    """Serve on a free port, which is printed, until SIGTERM; settings as in `lrs.cli.serve`."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_keep_alive=75,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
