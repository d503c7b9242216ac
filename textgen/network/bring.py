"""A network of somebody's own, a Keras file and the list of its words, made into a bundle.

What differs between networks is brought to one form: word 0 ends a text, word 1 stands for unknown words, and
the file is a plain Sequential model of Keras 3 that ends in softmax. Nothing in the files is run.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from textgen.network.bundle import BundleError, check_name, save_bundle, user_folder
from textgen.network.keras_file import ModelFileError, Source, read_blueprint, write_keras
from textgen.network.layers import Blueprint
from textgen.network.recurrent import RecurrentModel
from textgen.text.vocabulary import STOP, UNKNOWN, Vocabulary, VocabularyError, tokenize
from textgen.text.word_list import MAX_BYTES, WordList, WordListError, read_word_list

FEWEST_WORDS = 10
_PADDINGS = (STOP, "<pad>", "[pad]", "<PAD>", "[PAD]")
_ENDS = {"</s>", "<stop>", "<|endoftext|>"} | {
    f"{a}{name}{b}" for a, b in ("<>", "[]") for name in ("eos", "EOS", "end", "END")
}
_UNKNOWNS = (UNKNOWN, "[unk]", "<unk>", "<UNK>", "<oov>", "<OOV>", "[oov]", "[OOV]", "UNK", "OOV")
_EXAMPLES = 3


@dataclass(frozen=True, eq=False)
class Brought:
    """A network that can be used here, with its words.

    notes  what was decided where the files were silent, and what they do not have: sentences
    """

    network: Blueprint
    model: RecurrentModel
    vocabulary: Vocabulary
    notes: tuple[str, ...]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network as a `.keras` file."""
        write_keras(path, self.network)


def bring(model: Source, vocabulary: Source | Sequence[str], *, spare: bool = False) -> Brought:
    """Read a network and its words: paths, binary files, or for the words a sequence of them.

    model       a `.keras` or `.h5` file of Keras 2 or 3 (see `textgen.network.layers`)
    vocabulary  see `textgen.text.word_list`; or the words themselves, as `get_vocabulary()` gives them
    spare       the network may have outputs that no word stands for; they are left out

    `BundleError` names all that is wrong with either.
    """
    problems = []
    network: Blueprint | None = None
    words: WordList | None = None
    try:
        network = read_blueprint(model)
    except ModelFileError as error:
        problems.append(f"the network {_named(model)}: {error}")
    try:
        words = _words(vocabulary)
        if len(words.words) < FEWEST_WORDS:
            raise WordListError(f"it has {len(words.words)} words; at least {FEWEST_WORDS} are needed")
    except WordListError as error:
        problems.append(f"the vocabulary {_named(vocabulary)}: {error}")
    if network is None or words is None or problems:
        raise BundleError("; ".join(problems))
    try:
        return _fit(network, words, spare)
    except (WordListError, VocabularyError) as error:
        raise BundleError(f"the vocabulary {_named(vocabulary)}: {error}") from None


def make_bundle(
    model: Source,
    vocabulary: Source | Sequence[str],
    name: str,
    *,
    title: str = "",
    spare: bool = False,
    replace: bool = False,
) -> tuple[Path, tuple[str, ...]]:
    """Bring a network and keep it as the bundle `name` in the user's folder: its folder, and the notes.

    name     1 to 40 small letters, digits, "-" and "_", not that of a released network
    title    what people read for it; the name unless given
    replace  whether a bundle of that name may be replaced

    `BundleError` names all that is wrong; nothing is written then.
    """
    problems = []
    for check in (lambda: check_name(name, replace), lambda: bring(model, vocabulary, spare=spare)):
        try:
            brought: Any = check()
        except BundleError as error:
            problems.append(str(error))
    if problems:
        raise BundleError("; ".join(problems))
    folder = user_folder() / name
    file = Path(_named(model)).name
    save_bundle(folder, brought, brought.vocabulary, card_of(brought, name, title, file), {"epochs": []})
    return folder, brought.notes


def card_of(brought: Brought, name: str, title: str = "", file: str = "") -> dict[str, Any]:
    """What can be said of a network that somebody brought."""
    parts = brought.model.parts
    layers = [f"{part.kind}({part.outputs})" for part in parts]
    return {
        "name": name,
        "title": " ".join(title.split())[:80] or name,
        "architecture": {
            "name": " → ".join(part.kind for part in parts),
            "layers": layers,
            "embedding_dim": parts[0].outputs,
            "units": brought.model.layers[-1].units,
            "parameters": sum(part.parameters for part in parts),
        },
        "vocabulary_size": len(brought.vocabulary),
        "training": {"method": f"not known here; brought from the file {file[:80]}"},
        "limits": list(brought.notes),
    }


def _named(source: Any) -> str:
    """The name of a file, for sentences."""
    name = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", None)
    return str(name) if isinstance(name, (str, os.PathLike)) else "that was given"


def _words(source: Source | Sequence[str]) -> WordList:
    if isinstance(source, (list, tuple)):
        if not all(isinstance(word, str) for word in source):
            raise WordListError("a word is not text")
        return WordList(dict(enumerate(source)))
    return read_word_list(_bytes(source))


def _bytes(source: Any) -> bytes:
    def read(file: BinaryIO) -> bytes:
        return file.read(MAX_BYTES + 1)

    if not isinstance(source, (str, os.PathLike)):
        return read(source)
    try:
        with open(source, "rb") as file:
            return read(file)
    except FileNotFoundError:
        raise WordListError("the file is missing") from None
    except OSError as error:
        raise WordListError(f"the file cannot be read: {error.strerror or error}") from None


# -- words and numbers -----------------------------------------------------------------------------


def _fit(network: Blueprint, listed: WordList, spare: bool) -> Brought:
    size = network.vocabulary_size
    notes: list[str] = []
    words = _placed(listed, size, spare, notes)
    padding = words.get(0) in _PADDINGS
    stop = next((n for n in sorted(words) if words[n] in _ENDS), 0 if padding else None)
    unknown = next(
        (n for n in sorted(words) if words[n] == listed.unknown or (words[n] in _UNKNOWNS and n != stop)),
        None,
    )
    if stop is None:
        notes.append("It has no word that ends a text: texts go on until they are cut.")
    elif stop:
        notes.append(f"Its word {words[stop]} ends a text.")
        if words.get(0) == STOP:
            words[0] = "[PAD]"
    elif listed.numbered or listed.words.get(0) != STOP:
        notes.append(
            "Word 0, the padding, ends a text; where none was ever filled up, texts go on until cut."
        )
    if unknown is None:
        notes.append("It has no word for unknown ones: they are read as the mean of all words.")
    elif words[unknown] != UNKNOWN:
        notes.append(f"Its word {words[unknown]} stands for unknown ones.")
    others = [n for n in sorted(words) if n not in (stop, unknown)]
    reads, writes = [0, unknown, *others], [stop, unknown, *others]
    vocabulary = Vocabulary([STOP, UNKNOWN, *(words[n] for n in others)])
    if reads != list(range(size)) or writes != reads:
        network = network.reordered(reads, writes)
    return Brought(network, network.build(), vocabulary, (*notes, *_remarks(network, vocabulary)))


def _placed(listed: WordList, size: int, spare: bool, notes: list[str]) -> dict[int, str]:
    """The words by the network's numbers; 0 is there."""
    words = dict(listed.words)
    if listed.most is not None:  # Keras' Tokenizer: these are not used
        words = {n: word for n, word in words.items() if n < listed.most}
        spare = spare or size in (listed.most, listed.most + 1)
    if not listed.numbered:
        special = words.get(0) in _PADDINGS
        if not special and len(words) == size - 1:  # a Tokenizer's words: 0 is padding
            words = {n + 1: word for n, word in words.items()}
            notes.append("The list has one word less than the network: word 0 was taken for padding.")
        elif not special and len(words) == size - 2 and not set(words.values()) & set(_UNKNOWNS):
            words = {n + 2: word for n, word in words.items()} | {1: UNKNOWN}
            notes.append(
                "The list lacks padding and the word for unknown ones: words 0 and 1 were taken for them."
            )
        elif len(words) != size and not (spare and len(words) < size):
            raise WordListError(
                f"it lists {len(words):,} words, but the network has {size:,}"
                + ("; if some of its outputs stand for no word, say so (spare)" if len(words) < size else "")
            )
    words.setdefault(0, STOP)
    if beyond := [n for n in words if n >= size]:
        raise WordListError(
            f"it numbers words up to {max(beyond):,}, but the network has {size:,}, 0 to {size - 1:,}; if a "
            "Tokenizer had num_words, give the file of its to_json(), which says so"
        )
    missing = [n for n in range(size) if n not in words]
    if missing and not spare:
        raise WordListError(
            f"it numbers {len(words):,} words, but the network has {size:,}: no word has the number "
            f"{_few(list(map(str, missing)))}; if these outputs stand for no word, say so (spare)"
        )
    if missing:
        notes.append(f"{len(missing):,} of its outputs stand for no word and were left out.")
    return words


def _remarks(network: Blueprint, vocabulary: Vocabulary) -> list[str]:
    remarks = []
    if network.length and not network.masked:
        remarks.append(
            f"It was built for texts of {network.length:,} words that are filled up in front: it reads "
            f"{network.length - 1:,} times word 0 before the first word. Longer texts are read on."
        )
    strange = [word for word in vocabulary.words[2:] if tokenize(word) != [word]]
    if strange:
        remarks.append(
            f"{len(strange):,} of its words are never read from what is typed here, such as {_few(strange)}: "
            "text is read in small letters, each sign of punctuation a word."
        )
    unread = [word for word in ("recipe", "for", "|") if word not in vocabulary]
    if unread:
        remarks.append(
            f"It does not know {_few(unread)}, which are in every prompt here, “recipe for … |”: it reads "
            "unknown words in their place."
        )
    return remarks


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(name[:40] for name in names[:_EXAMPLES])
    return shown if len(names) <= _EXAMPLES else f"{shown} and {len(names) - _EXAMPLES:,} more"
