"""A vocabulary as people keep one beside their network: text with a word a line, or JSON of several shapes.

Nothing in the file is run; a pickle is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textgen.text.vocabulary import LARGEST

MAX_BYTES = 32 << 20
_SPACES = " \t\r\f\v"
# Looks like the start of JSON that a vocabulary may be, and not like a word in brackets.
_JSON = re.compile(r'\s*(?:\[\s*["\]]|\{\s*["}]|"\{)')


class WordListError(ValueError):
    """A file that is no list of words; the message says why."""


@dataclass(frozen=True)
class WordList:
    """Words by number, as a file has them.

    numbered  whether the numbers stand in the file; in a plain list they are the places in it, from 0
    unknown   the word that stands for unknown ones, if the file names it
    most      numbers from here on are not used by the network, if the file says so
    """

    words: dict[int, str]
    numbered: bool = False
    unknown: str | None = None
    most: int | None = None


def read_word_list(data: bytes) -> WordList:
    """The words of a file's bytes: a word a line, a JSON list (as `TextVectorization.get_vocabulary()` gives
    one), a JSON object of word and number either way round, or what `Tokenizer.to_json()` wrote.

    `WordListError` if it is none of these.
    """
    if len(data) > MAX_BYTES:
        raise WordListError(f"it is larger than {MAX_BYTES:,} bytes, the most that are read")
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    if data.startswith((b"\x80", b"PK")) or (b"\0" in data[:1024] and not wide):
        raise WordListError(
            "it is no text; a pickle, say, is not opened, because opening one can run code: write the words "
            "into a text file, a word a line"
        )
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise WordListError("it is not UTF-8 text") from None
    return _from_json(text) if _JSON.match(text) else _from_lines(text)


def _from_lines(text: str) -> WordList:
    # Only what is white space to Keras parts words; other ends of lines may be within them.
    lines = [line.strip(_SPACES) for line in text.rstrip("\r\n").split("\n")]
    for number, line in enumerate(lines, start=1):
        if any(space in line for space in _SPACES):
            raise WordListError(
                f"line {number} is not one word: {line!r:.60}; text with a word a line is read, or JSON"
            )
        if not line and number > 1:
            raise WordListError(f"line {number} is empty; only the first may be, for the padding")
    if len(lines) > LARGEST:
        raise WordListError(f"it has {len(lines):,} lines; at most {LARGEST:,} words are read")
    return WordList(dict(enumerate(lines)))


def _from_json(text: str) -> WordList:
    value = _parse(text)
    if isinstance(value, str):  # `json.dump(tokenizer.to_json())`
        value = _parse(value)
    if isinstance(value, list):
        for number, word in enumerate(value):
            if not isinstance(word, str):
                raise WordListError(f"entry {number} of its list is not a word: {word!r:.60}")
        return WordList(dict(enumerate(value)))
    if not isinstance(value, dict):
        raise WordListError("it is neither a list of words nor an object of words and numbers")
    config = value.get("config")
    if isinstance(config, dict) and "word_index" in config:
        if config.get("char_level"):
            raise WordListError("its Tokenizer splits text into letters; networks that read words are read")
        most = config.get("num_words")
        unknown = config.get("oov_token")
        return WordList(
            _numbered(_inner(config["word_index"])),
            True,
            unknown if isinstance(unknown, str) else None,
            most if isinstance(most, int) and most > 0 else None,
        )
    for key in ("word_index", "index_word"):
        if key in value and isinstance(value[key], (dict, str)):
            return WordList(_numbered(_inner(value[key])), True)
    return WordList(_numbered(value), True)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WordListError(f"it looks like JSON, and is not valid: {str(error)[:80]}") from None


def _inner(value: Any) -> Any:
    """What a Tokenizer holds as text within its JSON."""
    return _parse(value) if isinstance(value, str) else value


def _numbered(value: Any) -> dict[int, str]:
    """An object of words and their numbers, either way round."""
    if not isinstance(value, Mapping) or not value:
        raise WordListError("it holds no object of words and numbers")
    turned = all(isinstance(word, str) for word in value.values())
    if turned and all(key.isdecimal() and len(key) < 9 for key in value):
        pairs = [(word, int(key)) for key, word in value.items()]
    else:
        pairs = list(value.items())
    words: dict[int, str] = {}
    for word, number in pairs:
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= LARGEST:
            raise WordListError(
                f"the number of {word!r:.60} is {number!r:.40}, which is no place in a vocabulary"
            )
        if number in words:
            raise WordListError(f"{words[number]!r:.60} and {word!r:.60} both have the number {number}")
        words[number] = word
    return words
