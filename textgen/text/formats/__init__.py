"""Corpora: one reader a file format, and one table of them (`textgen.text.formats.known`)."""
