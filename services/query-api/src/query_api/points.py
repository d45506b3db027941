"""Which step to use, and how many points are too many. Pure."""

from datetime import date

from query_api.buckets import points, step_for
from query_api.errors import BadParameter
from query_api.ranges import Range
from query_api.settings import Limits


def chosen_step(asked: str | None, used: Range, limits: Limits) -> str | None:
    """The step that is used for the range, None without one. Raises BadParameter naming the step to use instead."""
    if asked is None:
        return None
    if used.start is None or used.end is None:
        return "1m" if asked == "auto" else asked
    fits = step_for(used.start, used.end, limits.points_max)
    if fits is None:
        raise BadParameter("start", f"the range has more than {limits.points_max:,} days: ask for a shorter one")
    if asked == "auto":
        return step_for(used.start, used.end, limits.points_auto) or "1d"
    if points(asked, used.start, used.end) > limits.points_max:
        raise BadParameter(
            "step", f"gives more than {limits.points_max:,} points a series; use {fits} or a shorter range"
        )
    return asked


def check_days(first: date, last: date, limits: Limits) -> None:
    """Raise BadParameter when there are too many days for one answer."""
    if (last - first).days >= limits.points_max:
        raise BadParameter("end_date", f"is more than {limits.points_max:,} days after start_date: ask for fewer")
