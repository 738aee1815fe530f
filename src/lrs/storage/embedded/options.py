"""The server options of the embedded cluster, from the machine it runs on."""

import shutil
from pathlib import Path

import psutil

_MIB = 1024 * 1024
_GIB = 1024 * _MIB
_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)

# Statements come in without end and are seldom changed: long distances between checkpoints save
# full-page writes. A commit is always durable. JIT costs more than it gains on short queries.
_FIXED = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "cluster_name": "lrs",
    "max_connections": "100",
    "timezone": "UTC",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "work_mem": "16MB",
    "jit": "off",
    "logging_collector": "on",
    "log_directory": "log",
    "log_error_verbosity": "terse",  # without what stands in rows
    "log_filename": "postgres-%a.log",  # a ring of seven days
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_timezone": "UTC",
}


def server_options(directory: Path) -> dict[str, str]:
    """Return the options for a cluster whose files lie in this directory."""
    memory = usable_memory()
    wal = _within(shutil.disk_usage(directory).free // 8, 512 * _MIB, 4 * _GIB)
    return {
        **_FIXED,
        "shared_buffers": _megabytes(_within(memory // 4, 128 * _MIB, 8 * _GIB)),
        "effective_cache_size": _megabytes(_within(memory * 6 // 10, 256 * _MIB, 512 * _GIB)),
        "maintenance_work_mem": _megabytes(_within(memory // 32, 64 * _MIB, _GIB)),
        "max_wal_size": _megabytes(wal),
        "min_wal_size": _megabytes(wal // 8),
    }


def usable_memory() -> int:
    """Return the bytes of memory of the machine, or of the container if it has less."""
    return min([psutil.virtual_memory().total, *_container_limits()])


def _container_limits() -> list[int]:
    limits = []
    for path in _CGROUP_LIMITS:
        text = path.read_text().strip() if path.exists() else ""
        if text.isdigit():
            limits.append(int(text))
    return limits


def _within(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))


def _megabytes(value: int) -> str:
    return f"{value // _MIB}MB"
