"""Benchmarks: `make bench`. Medians and rates, each beside a floor measured in the same run; never asserted."""
