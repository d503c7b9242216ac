"""What was predicted in the lessons, and what was found: for the page, and as one HTML file to print."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from textgen.views.lessons.desk import Lesson, Question
from textgen.views.templates import render

Answer = tuple[int, str, int, int]  # lesson (from 1), question, case, answer (from 1)


@dataclass(frozen=True)
class Finding:
    """One lesson: what was `predicted` and `found` ("" if nothing was), how many questions were `asked`
    afterwards, and how many answers to them were `right`."""

    number: int
    title: str
    principle: str
    predicted: str
    agreed: bool
    found: str
    asked: int
    right: int


def findings(
    answers: Iterable[Answer],
    lessons: Sequence[Lesson],
    before: Callable[[int, int], Question],
    checks: Callable[[int, int], tuple[Question, Question]],
) -> list[Finding]:
    """Those lessons of which something was answered, in their order. `before` and `checks` give the questions
    of a lesson (from 1) for a case."""
    given: dict[int, list[Answer]] = {}
    for answer in answers:
        given.setdefault(answer[0], []).append(answer)
    found = []
    for number in sorted(given):
        predicted, agreed, told = "", False, ""
        asked = right = 0
        for _, name, case, picked in given[number]:
            if name == "before":
                question = before(number, case)
                predicted, agreed = question.options[picked - 1], picked - 1 == question.right
                told = f"{'' if agreed else question.options[question.right] + ' '}{question.why}"
            else:
                asked += 1
                right += checks(number, case)[name == "second"].right == picked - 1
        lesson = lessons[number - 1]
        found.append(Finding(number, lesson.title, lesson.principle, predicted, agreed, told, asked, right))
    return found


def to_html(found: Sequence[Finding], address: str) -> str:
    """The card as one file without scripts; `address` brings the lessons back."""
    return render("lessons", found=found, settings={"lessons": address})
