"""Memory does not grow with the frames that are looked at: each is let go once it is read."""

import json
import os
import subprocess
import sys

import pytest

MEASURED = """
import json, resource, sys
from emoreport.cli.app import main
try:
    main(json.loads(sys.argv[1]))
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
"""
MOST_MB = 150
"""A hundred and sixty frames of 640 x 480 that are not let go would take as much."""


@pytest.mark.skipif(os.name != "posix", reason="the resource module is POSIX")
def test_every_frame_needs_no_more_memory_than_a_few(talk, tmp_path):
    peaks = {}
    for fps in ("2", "every"):
        arguments = ["analyze", str(talk), "--fps", fps, "--offline", "--quiet"]
        arguments += ["--out", str(tmp_path / fps), "--formats", "csv", "--no-video"]
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, json.dumps(arguments)],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks[fps] = int(done.stderr.split()[-1])
    assert peaks["every"] - peaks["2"] < MOST_MB
