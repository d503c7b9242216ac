"""The words of the trade, each with one or two plain sentences: shown where they stand, and listed at the
foot of every page. What a sampling rule does, the table of rules says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from textgen.writing.rules import RULES

GLOSSARY = {
    "best temperature": "The temperature at which a network gives human recipes the highest probability, so "
    "that its perplexity is lowest there. It is best to predict with, not necessarily to write with.",
    "bits": "A unit of information. Each bit halves a probability: 1 bit is one chance in 2, 10 bits one in "
    "about 1,000.",
    "calibration error": "How far, on average, the probability that a network gives to its likeliest word is "
    "from how often that word really comes. 0 would be a network that is right as often as it says.",
    "candidate": "What a unit of a recurrent network would put into its memory at a word; a gate says how "
    "much of it gets there.",
    "cell state": "The long-term memory of an LSTM: numbers that its gates erase, add to, and read.",
    "context": "All the words that the network has read when it chooses the next one. Another context gives "
    "other probabilities at any temperature.",
    "distinct-1": "The number of different words, divided by the number of all words written. High: a rich "
    "vocabulary.",
    "distinct-2": "The number of different pairs of neighbouring words, divided by the number of all such "
    "pairs. High: varied text.",
    "draw": "One random choice of a word, in which every word has the chance that its probability says.",
    "effective choices": "How many equally likely words would leave the choice as open as it is. 1: it is "
    "certain; 20: as open as a fair die with 20 sides.",
    "embedding": "The first layer: it turns each word into a row of numbers that training has set.",
    "entropy": "How open a choice is: the surprisal to be expected. 0 if one word is certain, most if all "
    "words are equally likely.",
    "epoch": "One pass through all the recipes that a network is trained on.",
    "forget gate": "The gate of an LSTM that says how much of each number of the cell state is kept: 1 keeps "
    "it all, 0 erases it.",
    "gate": "A number between 0 and 1 by which a network multiplies what goes through: 0 shuts it out, 1 "
    "lets it pass. Each unit has its own, worked out anew at every word.",
    "greedy": "Always taking the likeliest word: what T = 0 does. No luck is left.",
    "GRU": "Gated recurrent unit: a network that reads word by word, with two gates and one memory, the "
    "hidden state.",
    "Gumbel noise": "Random numbers of one known distribution. Add one to the log-probability of every word "
    "and take the largest sum: each word wins with exactly its probability.",
    "hidden state": "The numbers that a recurrent network passes on after each word: the next word is "
    "predicted from them.",
    "input gate": "The gate of an LSTM that says how much of the candidate is let into the cell state.",
    "interval": "A range for a figure that was measured on a sample: made this way, 95 of 100 such ranges "
    "hold the true figure.",
    "Jensen–Shannon divergence": "How far apart two sets of probabilities are, in bits: 0 if they are equal, "
    "1 if nothing is possible in both.",
    "Kneser-Ney": "A way to predict words without a network, by counting how often sequences of words occur, "
    "and falling back on shorter ones where they are rare.",
    "logit": "The network's score for a word before it becomes a probability. Only differences between "
    "logits matter: e to the power of the difference is the ratio of two probabilities at T = 1.",
    "LSTM": "Long short-term memory: a network that reads word by word, with three gates and two memories, "
    "the hidden state and the cell state.",
    "luck": "The random numbers behind the draws, fixed by the seed: one for each word of the vocabulary at "
    "each place in the text. The same luck can serve several temperatures.",
    "n-gram": "A run of n neighbouring words: a 4-gram has four.",
    "nats": "A unit of information like bits, but larger: 1 nat is about 1.44 bits.",
    "output gate": "The gate of an LSTM that says how much of the cell state is shown in the hidden state.",
    "parameters": "The numbers inside a network that training has set.",
    "perplexity": "Among how many equally likely words the network would be as undecided, on average, at "
    "each word of a text. Low: it expected the text.",
    "recurrent network": "A network that reads word by word and hands on, from each word to the next, what "
    "it has kept of those before.",
    "reset gate": "The gate of a GRU that says how much of the old state a unit looks at when it makes its "
    "candidate.",
    "seed": "A number from which all the luck is computed: the same seed, the same luck, on every machine.",
    "self-BLEU": "How much of each text also stands in the other texts, in runs of up to four words. 1: all "
    "are the same; low: they are diverse.",
    "softmax": "What turns logits into probabilities: e to the power of each, divided by the sum of all, so "
    "that they sum to 100 %.",
    "surprisal": "How unexpected a word was, in bits: 0 if it was certain, and one more each time its "
    "probability halves.",
    "temperature": "What every logit is divided by before the draw. Below 1 likely words become likelier "
    "still; above 1 unlikely ones catch up. The order of the words stays.",
    "token": "What the network reads and writes one at a time: a word, a mark of punctuation, or the end of "
    "the recipe.",
    "unit": "One of the numbers of a layer's state, with the gates that belong to it.",
    "update gate": "The gate of a GRU that says how much of the old state is kept; the candidate makes up "
    "the rest.",
    "[UNK]": "What the network reads for every word that is not in its vocabulary: some unknown word.",
    "validation": "Recipes kept back from training, to measure a network on what it has not seen.",
    "vocabulary": "The words that the network knows. It can read and write no others.",
    **{("typical sampling" if rule.name == "typical_p" else rule.label.lower()): rule.help for rule in RULES},
}
# Other forms in which a term stands in sentences.
_ALIASES = {
    "Jensen-Shannon divergence": "Jensen–Shannon divergence",
    "divergence": "Jensen–Shannon divergence",
    "draws": "draw",
    "drawn": "draw",
    "4-grams": "n-gram",
    "5-gram": "n-gram",
    "5-grams": "n-gram",
    "4-gram": "n-gram",
    "bit": "bits",
    "self-BLEU-4": "self-BLEU",
    "perplexities": "perplexity",
    "calibration": "calibration error",
    "expected calibration error": "calibration error",
}


def about(term: str) -> str:
    """What a term means; `KeyError` for one that is not in the glossary."""
    return GLOSSARY[term]


@lru_cache
def _finder() -> tuple[re.Pattern[str], dict[str, str]]:
    terms = {term.lower(): term for term in GLOSSARY}
    terms |= {f"{term}s": name for term, name in list(terms.items()) if not term.endswith(("s", "]"))}
    terms |= {form.lower(): term for form, term in _ALIASES.items()}
    longest_first = sorted(terms, key=len, reverse=True)
    listed = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<![\w-])(?:{listed})(?![\w-])", re.IGNORECASE), terms


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """`text` cut into pieces that make it up, each with the term of the glossary that it is, or "".

    A term counts where it stands first: a text that explains it at every turn is not read.
    """
    pattern, terms = _finder()
    seen: set[str] = set()
    end = 0
    for found in pattern.finditer(text):
        term = terms[found[0].lower()]
        if term in seen:
            continue
        seen.add(term)
        yield text[end : found.start()], ""
        yield found[0], term
        end = found.end()
    yield text[end:], ""
