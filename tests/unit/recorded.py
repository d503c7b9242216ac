"""What a training recorded and a calibration found, made up for tests."""

from __future__ import annotations

PROMPT = "recipe for pizza |"
WORDS = {  # epoch -> temperature -> words; "boil" drops out at epoch 2
    0: {0.5: [["w1", 0.02]], 1.0: [["w1", 0.01]]},
    1: {0.5: [["cut", 0.6], ["boil", 0.3]], 1.0: [["cut", 0.4], ["boil", 0.2]]},
    2: {0.5: [["cut", 0.7], ["", 0.2]], 1.0: [["cut", 0.5], ["", 0.3]]},
}
HISTORY = {
    "epochs": [
        {"epoch": 1, "stage": "all", "loss": 3.0, "validation": {"historic": 30.0, "modern": 40.0}},
        {"epoch": 2, "stage": "modern", "loss": 4.0, "validation": {"historic": 29.0, "modern": 35.0}},
    ],
    "samples": [
        {"epoch": e, "prompt": prompt, "temperature": t, "text": f"{e} {t} {prompt[-6:]}"}
        for prompt in (PROMPT, "recipe for soup |")
        for e in (2, 0, 1)
        for t in (1.0, 0.5)
    ],
    "distributions": [
        {"epoch": e, "prompt": PROMPT, "temperature": t, "words": words}
        for e, of in WORDS.items()
        for t, words in of.items()
    ],
}
CALIBRATION = {
    "temperatures": [0.5, 1.0, 2.0],
    "eras": {
        "modern": {
            "tokens": 200,
            "perplexity": [None, 20.0, 30.0],
            "best": {"temperature": 1.2, "low": 1.15, "high": 1.25, "perplexity": 19.5, "at_edge": False},
            "reliability": {
                "0.5": {"ece": 0.3, "confidence": 0.7, "accuracy": 0.4,
                        "bins": [{"bin": 1, "count": 50, "confidence": 0.1, "accuracy": 0.2},
                                 {"bin": 14, "count": 150, "confidence": 0.9, "accuracy": 0.5}]},
                "1.5": {"ece": 0.2, "confidence": 0.2, "accuracy": 0.4,
                        "bins": [{"bin": 3, "count": 200, "confidence": 0.2, "accuracy": 0.4}]},
            },
        }
    },
}  # fmt: skip
