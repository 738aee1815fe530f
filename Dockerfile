# The LRS, with a PostgreSQL of its own in /data or, with LRS_DATABASE_URL, one of yours.
#
#   docker build -t lrs .
#   docker run --init --shm-size=256m -p 8080:8080 -v lrs-data:/data lrs
#
# The programs of the embedded PostgreSQL are built for glibc: Debian's image, not Alpine's.

FROM python:3.13-slim-bookworm AS build

WORKDIR /build
COPY requirements.lock ./
RUN python -m venv /opt/lrs \
    && /opt/lrs/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY migrations ./migrations
COPY src ./src
RUN /opt/lrs/bin/pip install --no-cache-dir --no-deps --no-build-isolation .


FROM python:3.13-slim-bookworm

# PostgreSQL wants an account with a name. A directory bound to /data must belong to this number.
RUN useradd --system --no-log-init --uid 10001 --user-group --home-dir /data lrs \
    && install --directory --owner=lrs --group=lrs --mode=0700 /data
COPY --from=build /opt/lrs /opt/lrs

ENV PATH="/opt/lrs/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    LRS_HOST=0.0.0.0 \
    LRS_DATA_DIR=/data

USER 10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080

# The first start makes a cluster and migrates it, which takes some seconds.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('LRS_PORT', '8080') + '/xapi/about', timeout=2)"]

CMD ["lrs", "serve"]
