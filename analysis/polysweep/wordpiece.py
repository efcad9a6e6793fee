"""Texts as the numbers of words and pieces of words that BERT and its descendants read (WordPiece: Schuster and Nakajima 2012)."""
from __future__ import annotations

import pathlib
import unicodedata

from .foreign import check_file, reading

_LONGEST = 100  # characters of a word that is looked up
_CJK = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF),
        (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))


class WordPiece:
    """The words of a vocabulary file, one a line; `lower`: capitals and accents are dropped first."""

    def __init__(self, path: pathlib.Path, lower: bool = True) -> None:
        check_file(path)
        with reading(path):
            self.number = {word: i for i, word in enumerate(pathlib.Path(path).read_text(encoding="utf-8").split("\n")) if word}
            self.unknown, self.first, self.last = (self.number[word] for word in ("[UNK]", "[CLS]", "[SEP]"))
        self.lower = lower

    def __call__(self, text: str, most: int | None = None) -> list[int]:
        """Numbers of a text between those of [CLS] and [SEP], at most `most` in all: the end of a longer text is left out."""
        found = [number for word in self._words(text) for number in self._pieces(word)]
        return [self.first, *found[:None if most is None else most - 2], self.last]

    def _words(self, text: str) -> list[str]:
        """Words, and each sign of punctuation and each Chinese character by itself."""
        text = "".join(" " if c.isspace() else c for c in text if c in "\t\n\r" or unicodedata.category(c)[0] != "C" and ord(c) != 0xFFFD)
        if self.lower:
            text = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
        return "".join(f" {c} " if _alone(c) else c for c in text).split()

    def _pieces(self, word: str) -> list[int]:
        """The longest piece that the vocabulary has, then the longest of the rest; a word that is not made of such is unknown."""
        found, start = [], 0
        while start < len(word) <= _LONGEST:
            for end in range(len(word), start, -1):
                number = self.number.get("##" * (start > 0) + word[start:end])
                if number is not None:
                    break
            else:
                return [self.unknown]
            found.append(number)
            start = end
        return found or [self.unknown]


def _alone(c: str) -> bool:
    code = ord(c)
    signs = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return signs or unicodedata.category(c)[0] == "P" or any(low <= code <= high for low, high in _CJK)
