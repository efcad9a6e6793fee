"""What is seen of colours: differences (CIEDE2000), also by people who miss a cone, and contrast of text."""
from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

#: linear RGB as seen without a cone, of full severity (Machado, Oliveira and Fernandes 2009, table 1)
DEFICIENCIES = {
    "normal": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}
_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
_WHITE = _XYZ.sum(axis=1)  # D65


def linear(rgb: npt.ArrayLike) -> Array:
    """sRGB of 0 to 1 as light."""
    rgb = np.asarray(rgb, float)
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(rgb: npt.ArrayLike) -> Array:
    """Of 0 (black) to 1 (white)."""
    return np.asarray(linear(rgb)[..., :3] @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Between text and what is behind it, 1 to 21 (WCAG 2)."""
    a, b = float(luminance(one)), float(luminance(other))
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)


def lab(rgb: npt.ArrayLike, deficiency: str = "normal") -> Array:
    """CIELAB of an sRGB colour, as it is seen."""
    xyz = _XYZ @ np.clip(DEFICIENCIES[deficiency] @ linear(rgb)[:3], 0, 1) / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one: Array, other: Array) -> float:
    """CIEDE2000 between two colours in CIELAB (Sharma, Wu and Dalal 2005)."""
    chroma = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    g = 0.5 * (1 - np.sqrt(chroma ** 7 / (chroma ** 7 + 25.0 ** 7)))
    a1, a2 = one[1] * (1 + g), other[1] * (1 + g)
    c1, c2 = np.hypot(a1, one[2]), np.hypot(a2, other[2])
    h1, h2 = np.degrees(np.arctan2(one[2], a1)) % 360, np.degrees(np.arctan2(other[2], a2)) % 360
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 > 0 else 0.0
    hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    mean_l, mean_c = (one[0] + other[0]) / 2, (c1 + c2) / 2
    mean_h = h1 + turn / 2 if c1 * c2 > 0 else h1 + h2
    t = (1 - 0.17 * np.cos(np.radians(mean_h - 30)) + 0.24 * np.cos(np.radians(2 * mean_h)) + 0.32 * np.cos(np.radians(3 * mean_h + 6))
         - 0.20 * np.cos(np.radians(4 * mean_h - 63)))
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    away = (mean_h % 360 - 275) / 25
    r_t = -2 * np.sqrt(mean_c ** 7 / (mean_c ** 7 + 25.0 ** 7)) * np.sin(np.radians(60 * np.exp(-away ** 2)))
    dl, dc, dh = (other[0] - one[0]) / s_l, (c2 - c1) / s_c, hue / s_h
    return float(np.sqrt(max(dl * dl + dc * dc + dh * dh + r_t * dc * dh, 0.0)))
