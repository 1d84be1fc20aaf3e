"""Detectors the hunt is compared with, each written from its paper, each tuned on the same half of the accounts.

``log`` reads the contract tables, ``protocol`` splits, tunes and measures, ``sets`` holds who is linked to whom;
``volume``, ``isolation``, ``prada``, ``mmd`` and ``links`` are the detectors; ``tables`` and ``picture`` show the
result. Definitions and sources: ``docs/reference/benchmarks.md``.
"""
