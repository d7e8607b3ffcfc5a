import os
import subprocess
import sys
import warnings

import pytest

from emoreport.faces.quiet import NOISE, native_noise_filtered

CHATTER = [
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    b"WARNING: Logging before InitGoogle() is written to STDERR",
    b"I0000 00:00:1795179465.488745    3352 task_runner.cc:85] GPU suport is not available",
    b"W0000 00:00:1795179173.957935   27039 inference_feedback_manager.cc:114] Feedback manager",
    b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.",
]
NEWS = [
    b"E0000 00:00:1795179465.488745    3352 calculator_graph.cc:853] INTERNAL: CalculatorGraph",
    b"Traceback (most recent call last):",
    b"a warning of the user's own program",
]


@pytest.mark.parametrize("line", CHATTER)
def test_chatter_is_known(line):
    assert NOISE.match(line)


@pytest.mark.parametrize("line", NEWS)
def test_everything_else_is_passed_on(line):
    assert not NOISE.match(line)


def test_chatter_is_dropped_and_the_rest_arrives(capfd):
    with native_noise_filtered():
        for line in [*CHATTER, *NEWS]:
            os.write(2, line + b"\n")
    assert capfd.readouterr().err.encode() == b"".join(line + b"\n" for line in NEWS)


def test_the_descriptor_is_given_back_after_an_error(capfd):
    with pytest.raises(RuntimeError, match="inside"), native_noise_filtered():
        raise RuntimeError("inside")
    os.write(2, b"INFO: afterwards\n")
    assert capfd.readouterr().err == "INFO: afterwards\n"


def test_what_was_written_before_an_error_is_not_lost(capfd):
    def fail():
        os.write(2, b"E0000 the reason\n")
        raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"), native_noise_filtered():
        fail()
    assert capfd.readouterr().err == "E0000 the reason\n"


def test_python_warnings_inside_are_silent_and_loud_again_afterwards():
    with native_noise_filtered():
        warnings.warn("a library's own", DeprecationWarning, stacklevel=1)
    with pytest.warns(DeprecationWarning, match="ours"):
        warnings.warn("ours", DeprecationWarning, stacklevel=1)


def test_a_closed_standard_error_does_no_harm():
    program = (
        "import os\nos.close(2)\n"
        "from emoreport.faces.quiet import native_noise_filtered\n"
        "with native_noise_filtered():\n    print('done')\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert run.stdout.strip() == b"done"
