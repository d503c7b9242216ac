"""What people call a network, by the name of its folder."""

from __future__ import annotations

from textgen.network.bundle import title_of
from textgen.training.architectures import ARCHITECTURES


def network_label(name: str) -> str:
    """ "stacked LSTM" for "stacked_lstm"; a network of somebody's own has the title that its card says."""
    return ARCHITECTURES[name].label if name in ARCHITECTURES else title_of(name)
