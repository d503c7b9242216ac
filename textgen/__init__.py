"""Word-level recurrent networks that write recipes, and what sampling temperature does to them.

The names below are what scripts and notebooks need; the rooms hold the rest. Each is imported when it is
first asked for, so that nothing is loaded that is not used: `build_model`, `TextGenerator` and `train`
bring TensorFlow, the others never do.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textgen.network.bundle import load_bundle
    from textgen.text.corpus import load_recipes
    from textgen.text.recipe import Recipe
    from textgen.text.vocabulary import Vocabulary, tokenize
    from textgen.training.architectures import build_model
    from textgen.training.callbacks import TextGenerator
    from textgen.training.job import train
    from textgen.writing.generate import generate, generations, recipe_prompt
    from textgen.writing.sampling import Sampler, apply_temperature

__all__ = [
    "Recipe",
    "Sampler",
    "TextGenerator",
    "Vocabulary",
    "apply_temperature",
    "build_model",
    "generate",
    "generations",
    "load_bundle",
    "load_recipes",
    "recipe_prompt",
    "tokenize",
    "train",
]

_ROOMS = {
    "network.bundle": ["load_bundle"],
    "text.corpus": ["load_recipes"],
    "text.recipe": ["Recipe"],
    "text.vocabulary": ["Vocabulary", "tokenize"],
    "training.architectures": ["build_model"],
    "training.callbacks": ["TextGenerator"],
    "training.job": ["train"],
    "writing.generate": ["generate", "generations", "recipe_prompt"],
    "writing.sampling": ["Sampler", "apply_temperature"],
}
_MODULES = {name: f"{__name__}.{module}" for module, names in _ROOMS.items() for name in names}

if not TYPE_CHECKING:  # for a type checker no other name exists

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            value = getattr(import_module(_MODULES[name]), name)
        except ModuleNotFoundError as error:
            if error.name not in ("keras", "tensorflow"):
                raise
            raise ImportError(
                f"{__name__}.{name} needs TensorFlow; install it with: pip install -r requirements.txt"
            ) from None
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
