"""Arrow arrays that share the memory of NumPy's, and back, without pandas."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from emoreport.tables.arrow_arrays import (
    list_array,
    number_array,
    numbers_of,
    optional_array,
    text_array,
    truths_of,
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int32])
def test_numbers_go_there_and_back(dtype):
    values = np.arange(-4, 9).astype(dtype)
    array = number_array(values)
    assert array.equals(pa.array(values))
    chunked = pa.chunked_array([array.slice(0, 5), array.slice(5)])
    np.testing.assert_array_equal(numbers_of(chunked, dtype), values)


@pytest.mark.parametrize("missing", [(), (0,), (3, 8, 9), tuple(range(13))])
def test_what_is_not_a_number_is_null_and_comes_back(missing):
    values = np.linspace(0, 1, 13, dtype=np.float32)
    values[list(missing)] = np.nan
    array = number_array(values)
    array.validate(full=True)
    assert array.equals(pa.array(values, from_pandas=True))
    for chunks in ([array], [array.slice(0, 7), array.slice(7, 0), array.slice(7)]):
        np.testing.assert_array_equal(numbers_of(pa.chunked_array(chunks), np.float32), values)


def test_a_column_of_a_table_is_not_in_a_row_and_is_copied():
    table = np.arange(12, dtype=np.float32).reshape(4, 3)
    assert number_array(table[:, 1]).to_pylist() == [1.0, 4.0, 7.0, 10.0]


def test_truth_values():
    values = np.array([True, False, True, True, False, False, True, False, True])
    array = number_array(values)
    assert array.equals(pa.array(values))
    np.testing.assert_array_equal(truths_of(pa.chunked_array([array])), values)
    with pytest.raises(ValueError, match="truth"):
        truths_of(pa.chunked_array([pa.array([True, None])]))


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1.5, None, 2.5], np.float64),
        ([None, 7, 0], np.int64),
        ([True, None, False], np.bool_),
        ([], np.int64),
        ([3, 4], np.int64),
    ],
)
def test_what_is_left_out_is_null(values, dtype):
    array = optional_array(values, dtype)
    array.validate(full=True)
    assert array.equals(pa.array(values, pa.from_numpy_dtype(dtype)))


@pytest.mark.parametrize("texts", [[], ["a", None, "", "ярость"], ["x"] * 20, [None]])
def test_texts(texts):
    array = text_array(np.array(texts, dtype=object))
    array.validate(full=True)
    assert array.equals(pa.array(texts, pa.string()))


@pytest.mark.parametrize("rows", [[], [[]], [[1.0, 2.0], [], [3.0, 4.0, 5.0, 6.0]]])
def test_lists(rows):
    array = list_array([np.array(row) for row in rows])
    array.validate(full=True)
    assert array.equals(pa.array(rows, pa.list_(pa.float64())))


def test_a_recording_is_analysed_and_read_again_without_pandas(talk, tmp_path):
    program = (
        "import sys; from emoreport.cli.app import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print('pandas' in sys.modules)"
    )
    analyze = ["analyze", str(talk), "--fps", "2", "--offline", "--out", str(tmp_path)]
    for command in (analyze, ["retable", str(tmp_path / talk.stem), "--smoothing", "0.7"]):
        done = subprocess.run(
            [sys.executable, "-c", program, *command, "--quiet"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split()[-1] == "False"
