"""A study: what temperature does to texts, measured, with intervals; on one machine or on many.

`Settings` name the conditions: temperatures x prompts x filters x models, each with its texts. These are cut
into units of work of at most 240 texts; `units.measure_all` does some, anywhere, and gives the same numbers
wherever and whenever it is done. `executors.run` goes through the units in this process, in local processes
or on a Dask cluster, keeps what is finished in a `Store`, and so resumes; `Study` puts them together, becomes
a tidy table, and is read back from a file.
"""
