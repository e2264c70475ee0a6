"""The author's form: see content.kinds.reading_forms."""

from content.kinds.reading_forms import ReadingForm as BodyForm

__all__ = ["BodyForm"]
