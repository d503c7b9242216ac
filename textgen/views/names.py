"""What people call a network, by the name of its folder."""

from __future__ import annotations

from textgen.training.architectures import ARCHITECTURES


def network_label(name: str) -> str:
    """ "stacked LSTM" for "stacked_lstm"; a network of somebody's own has the name of its folder."""
    return ARCHITECTURES[name].label if name in ARCHITECTURES else name
