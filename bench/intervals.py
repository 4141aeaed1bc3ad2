"""Intervals of 95 % for what the scripts here print: Wilson's for shares, percentiles of resamples for the rest."""

import math

import numpy as np


def wilson(count, n, z=1.96):
    """Lowest and highest share (Wilson 1927) that `count` of `n` independent trials leave likely."""
    share = count / n
    width = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    middle, scale = share + z * z / (2 * n), 1 + z * z / n
    return max(0.0, (middle - width) / scale), min(1.0, (middle + width) / scale)


def resamples(n, rounds=1000, seed=1):
    """How often each of `n` things is drawn: [rounds, n], each row n draws with replacement (Efron 1979)."""
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=rounds)


def middle_95(values):
    """Percentiles 2.5 and 97.5."""
    return tuple(np.percentile(np.asarray(values, float), (2.5, 97.5)))


def of_median(values, rounds=1000, seed=1):
    """Interval of the median of independent values."""
    values = np.asarray(values, float)
    drawn = np.random.default_rng(seed).integers(0, len(values), (rounds, len(values)))
    return middle_95(np.median(values[drawn], axis=1))


def per_cent(share, interval, digits=1):
    """`97.2 (96.1–98.0)`, in per cent."""
    low, high = interval
    return f"{100 * share:.{digits}f} ({100 * low:.{digits}f}–{100 * high:.{digits}f})"
