"""The peers of ``benchmarks.quality``, one a file. Imports of packages we do not need are late."""
