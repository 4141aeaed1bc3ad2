"""Seeded synthetic RGB pictures: smooth waves plus noise. They show nothing."""

import numpy as np


def synthetic_rgb(width, height, seed, noise=20.0):
    """RGB picture [height, width, 3] u8: five random waves per channel, 60 grey levels each way, plus noise."""
    rng = np.random.default_rng(seed)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float64)
    channels = []
    for _ in range(3):
        wave = np.zeros((height, width))
        for _ in range(5):
            wavelength = rng.uniform(12.0, 90.0)
            angle, phase = rng.uniform(0.0, 2.0 * np.pi, size=2)
            wave += np.sin(2.0 * np.pi / wavelength * (np.cos(angle) * xs + np.sin(angle) * ys) + phase)
        channels.append(128.0 + 60.0 * wave / np.abs(wave).max() + rng.normal(0.0, noise, size=wave.shape))
    return np.clip(np.rint(np.stack(channels, axis=2)), 0, 255).astype(np.uint8)
