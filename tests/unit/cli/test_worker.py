"""What a serving process does before it serves."""

import json
import subprocess
import sys

_PROGRAM = """
import gc, json
from lrs.cli.worker import create_worker_app
create_worker_app()
print(json.dumps([gc.get_freeze_count(), gc.get_threshold()[0], gc.isenabled()]))
"""


def test_what_a_worker_has_loaded_is_not_looked_through_for_garbage_again() -> None:
    printed = subprocess.check_output([sys.executable, "-c", _PROGRAM], text=True)
    frozen, objects_between_looks, looks = json.loads(printed)
    assert frozen > 10_000
    assert objects_between_looks > 700
    assert looks
