"""A missing value is NaN in arrays and None in rows."""

import numpy as np

from emoreport.analysis.numeric.missing import none_if_nan, none_where_nan


def test_nan_becomes_none_and_numbers_stay_numbers():
    assert none_if_nan(float("nan")) is None
    assert none_if_nan(np.float32(0.0)) == 0.0
    assert type(none_if_nan(np.float32(0.5))) is float


def test_an_array_becomes_a_list_of_the_same_length():
    assert none_where_nan(np.asarray([0.25, np.nan, -1.0])) == [0.25, None, -1.0]
    assert none_where_nan(np.asarray([])) == []
