"""Benchmarks: how the hunt compares with published detectors. Not part of the installed package; needs ``[bench]``."""
