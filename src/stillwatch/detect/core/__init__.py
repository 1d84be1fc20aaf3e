"""The integer core: what detection sums over a log, defined once over canonical rows, for every engine.

Only whole numbers: counts, sums, minima, maxima, exact distinct values, thresholds. No average, quantile, text or time of an
engine's own, because those differ between engines without a warning. Ratios, entropies and tests come after it, in NumPy,
on one row per account (:mod:`stillwatch.detect.account_features`).
"""
