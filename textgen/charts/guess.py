"""What a text says about its temperature: the probability of each, with the truth and a guess marked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import altair as alt

from textgen.charts.base import COLOR, FADED, INK, Row, Spec, filled, finished, temperature_color


def posterior_spec(rows: Sequence[Row], *, truth: float, guess: float | None = None) -> Spec:
    """The probability of each temperature given a text: a bar a temperature, in its colour, those outside the
    range faded; a solid rule at the truth, a dashed one at the guess.

    `rows` are those of `views.guess.posterior_rows`: a `temperature`, its `probability`, the same as text,
    `share`, and whether it is `held` by the range. Temperatures are evenly spaced.
    """
    step = rows[1]["temperature"] - rows[0]["temperature"] if len(rows) > 1 else 0.05
    bars = [
        {
            **row,
            "left": row["temperature"] - 0.4 * step,
            "right": row["temperature"] + 0.4 * step,
            "color": temperature_color(row["temperature"]),
        }
        for row in rows
    ]
    marks = [
        {"temperature": truth, "name": f"it was {truth:g}", "level": 0, "color": temperature_color(truth)}
    ]
    if guess is not None:
        color = temperature_color(guess)
        marks.append({"temperature": guess, "name": f"you: {guess:g}", "level": 1, "color": color})
    return filled(_posterior_template(), bars=bars, marks=marks)


@lru_cache
def _posterior_template() -> Spec:
    def x(field: str) -> alt.X:
        return (
            alt.X(f"{field}:Q")
            .scale(domain=[-0.05, 2.05], nice=False)
            .title("temperature")
            .axis(grid=False, values=[0, 0.5, 1, 1.5, 2], format="~g", labelFlush=False)
        )

    y = (
        alt.Y("probability:Q")
        .scale(domainMin=0, nice=True)
        .title(None)
        .axis(format="~%", grid=False, tickCount=3, domain=False, ticks=False, labelFlush=False)
    )
    bar = (
        alt.Chart(alt.NamedData("bars"))
        .mark_rect()
        .encode(
            x=x("left"),
            x2="right:Q",
            y=y,
            y2=alt.datum(0),
            color=COLOR,
            opacity=alt.condition("datum.held", alt.value(1), alt.value(FADED)),
            tooltip=[alt.Tooltip("temperature:Q"), alt.Tooltip("share:N").title("probability")],
        )
    )
    marks = alt.Chart(alt.NamedData("marks")).encode(x=x("temperature"))
    layers = [bar]
    for level, dash in enumerate(([1, 0], [5, 4])):
        own = marks.transform_filter(f"datum.level == {level}")
        height = -22 + 16 * level  # one name over the other, so that they never meet
        layers.append(
            own.mark_rule(strokeWidth=2, strokeDash=dash).encode(
                color=COLOR, y=alt.value(height + 3), y2=alt.value(alt.ExprRef("height"))
            )
        )
        sides: tuple[tuple[Literal["left", "right"], str], ...] = (("left", "<="), ("right", ">"))
        for align, side in sides:
            layers.append(
                own.transform_filter(f"datum.temperature {side} 1")
                .mark_text(
                    align=align, baseline="middle", dx=5 if align == "left" else -5, fontSize=12.5, color=INK
                )
                .encode(text="name:N", y=alt.value(height + 4))
            )
    return finished(
        alt.layer(*layers).properties(
            height=190, width="container", padding={"left": 4, "right": 8, "top": 4, "bottom": 2}
        )
    )
