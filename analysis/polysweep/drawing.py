"""A figure's SVG as a part of a page: several stand in one document, and what they name must not meet."""
from __future__ import annotations

import re

_HEAD = re.compile(r"<svg\b[^>]*>")
_VIEW = re.compile(r'viewBox="([-\d.e ]+)"')
_LEFT_OUT = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<style\b.*?</style>|<defs>\s*</defs>", re.DOTALL)
_NAMES = re.compile(r' id="([^"]*)"')
_USES = re.compile(r'url\(#([^)"]*)\)|(?:xlink:)?href="#([^"]*)"')
_EXACT = re.compile(r'(?<= )(d|x|y|x1|x2|y1|y2|width|height|points)="([^"]*)"')
_DIGITS = re.compile(r"(-?\d+\.\d\d)\d+")
_TYPE = re.compile(r"font(?:-size)?:[^;\"]*?([\d.]+)px")


def inline(text: str, prefix: str, label: str) -> str:
    """The SVG element of a file as HTML holds it: a picture with this label (escaped already), names of its own, numbers to a hundredth
    of a point. Empty where the file holds none."""
    head = _HEAD.search(text)
    if head is None:
        return ""
    view = _VIEW.search(head[0])
    body = _LEFT_OUT.sub("", text[head.end():])
    used = {each for pair in _USES.findall(body) for each in pair if each}
    body = _NAMES.sub(lambda name: f' id="{prefix}{name[1]}"' if name[1] in used else "", body)
    body = _USES.sub(lambda use: f"url(#{prefix}{use[1]})" if use[1] else f'href="#{prefix}{use[2]}"', body)
    body = _EXACT.sub(lambda one: f'{one[1]}="{_short(one[2])}"', body)
    return (f'<svg viewBox="{view[1] if view else "0 0 1 1"}" preserveAspectRatio="xMinYMin" role="img" aria-label="{label}" '
            f'stroke-linejoin="round" stroke-linecap="butt">{re.sub(chr(10) + " *", chr(10), body).strip()}')


def _short(numbers: str) -> str:
    return " ".join(_DIGITS.sub(r"\1", numbers).split())


def smallest_type(text: str) -> float:
    """The size of the smallest letters, in units of the drawing; 7 where letters are outlines."""
    return min((float(size) for size in _TYPE.findall(text)), default=7.0)


def least_width(text: str, inches: float, least: float = 9.5) -> int:
    """The width in pixels at which no letter is smaller than `least` pixels."""
    return round(inches * 72 * least / smallest_type(text))
