"""Detectors that the benchmark compares, under one protocol: ours and published ones written from their papers.

``protocol`` says what a detector is, ``traffic`` what the published ones see of a log, ``verdicts`` how a ranking becomes
the contract's table. Definitions and sources: ``docs/reference/lab-format.md``.
"""
