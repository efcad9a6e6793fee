"""Text of drawings as a browser, a search and a screen reader need it: words in their order, in fonts that exist everywhere."""
from __future__ import annotations

import html
import itertools
import pathlib
import re

#: beside the font that figures are measured with, which comes with matplotlib: fonts whose letters are as wide as its
FONTS = "STIXGeneral, 'STIX Two Text', 'Times New Roman', Times, 'Liberation Serif', Tinos, 'Nimbus Roman', serif"

_LETTERS = re.compile(r"<text([^>]*)>\s*((?:<tspan[^>]*>[^<]*</tspan>\s*)+)</text>")
_LETTER = re.compile(r'<tspan x="([^"]*)" y="([^"]*)" style="([^"]*)">([^<]*)</tspan>')
_SHORT = re.compile(r"font: (?:(italic|oblique) )?(?:(bold|\d+) )?([\d.]+px) [^;\"]*")  # of matplotlib 3.6
_FAMILY = re.compile(r"font-family: [^;\"]*;? ?")


def portable(path: pathlib.Path) -> None:
    """Rewrites a drawing: matplotlib sets formulas letter by letter, sorted by their slant, in a font that few have."""
    text = _LETTERS.sub(lambda found: f"<text{found[1]}>{_words(found[2])}</text>", path.read_text(encoding="utf-8"))
    text = _FAMILY.sub("", _SHORT.sub(_long, text))
    path.write_text(text.replace("<svg ", f'<svg font-family="{FONTS}" ', 1), encoding="utf-8")


def _words(spans: str) -> str:
    """Letters from left to right; those of one look at one height are an element, with a place for each."""
    letters = []
    for x, y, look, text in _LETTER.findall(spans):
        text = html.unescape(text)
        places = x.split()
        letters += [(float(place), y.split()[0], look, letter) for place, letter in zip(places, text if len(places) == len(text) else [text])]
    groups = itertools.groupby(sorted(letters, key=lambda each: each[0]), key=lambda each: each[1:3])
    return "".join(f'<tspan x="{" ".join(f"{letter[0]:.6g}" for letter in part)}" y="{y}" style="{look}">'
                   f'{html.escape("".join(letter[3] for letter in part), quote=False)}</tspan>'
                   for (y, look), part in ((key, list(group)) for key, group in groups))


def _long(found: re.Match[str]) -> str:
    slant, weight, size = found.groups()
    return "; ".join([*([f"font-style: {slant}"] if slant else []), *([f"font-weight: {weight}"] if weight else []), f"font-size: {size}"])
