"""The lessons of the page Learn: ONE table; to add a lesson is to add its file and its row here.

Nothing in them is canned: what they ask, the answers and what they say of a picture is computed from the
network for a case (see `desk`). Knows nothing of Streamlit.
"""

from textgen.views.lessons import chances, circles, cutting, dividing, limits, parting
from textgen.views.lessons.desk import OPTIONS, Desk, Lesson, NoCase, Opening, Question, Scene

LESSONS = (
    chances.LESSON,
    dividing.LESSON,
    circles.LESSON,
    parting.LESSON,
    cutting.LESSON,
    limits.LESSON,
)
CUTS = tuple(cutting.RULES)  # sampling rules that can be tried here
QUESTIONS = ("before", "first", "second")  # of each lesson, as addresses call them

__all__ = [
    "CUTS",
    "LESSONS",
    "OPTIONS",
    "QUESTIONS",
    "Desk",
    "Lesson",
    "NoCase",
    "Opening",
    "Question",
    "Scene",
]
