"""From the analysis to DataFrames, CSV, Excel and Parquet, and back from stored readings."""
