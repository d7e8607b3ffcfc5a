"""Time lines, quantiles and resampling that know no emotion."""
