"""The published networks: parameter counts and shapes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from textgen.training.architectures import ARCHITECTURES, build_model


@pytest.mark.parametrize(
    ("name", "parameters"), [("lstm", 2_407_248), ("stacked_lstm", 2_538_832), ("gru", 2_378_320)]
)
def test_the_books_networks_have_their_published_size(name: str, parameters: int) -> None:
    assert build_model(name).count_params() == parameters


def test_large_stays_within_twenty_megabytes() -> None:
    assert build_model("large").count_params() * 4 < 20e6


def test_names_and_labels_are_there_without_tensorflow() -> None:
    code = (
        "import sys\nfrom textgen.training.architectures import ARCHITECTURES\n"
        "print(*ARCHITECTURES, sep=',')\nsys.exit(bool({'keras', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ",".join(ARCHITECTURES))
    assert len({row.label for row in ARCHITECTURES.values()}) == len(ARCHITECTURES)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_each_predicts_a_distribution_after_every_word(name: str) -> None:
    probs = build_model(name, 30, embedding_dim=4, units=5).predict(np.array([[1, 2, 3]]), verbose=0)
    assert probs.shape == (1, 3, 30)
    np.testing.assert_allclose(probs.sum(-1), 1, rtol=1e-5)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'transformer'.*stacked_lstm"):
        build_model("transformer")
