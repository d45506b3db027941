"""What a caller takes, by its headers `Accept` and `Accept-Encoding`. Pure."""


def named(accept: str | None) -> list[tuple[str, float]]:
    """What the header names, in its order, each with its quality."""
    found = []
    for item in (accept or "").split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        found.append((name, _quality(parameters)))
    return found


def prefers(accept: str | None, wanted: str, other: str) -> bool:
    """Whether `wanted` is named, and `other` not with a higher quality; wildcards name nothing."""
    qualities = dict(named(accept))
    return qualities.get(wanted, 0.0) > 0 and qualities[wanted] >= qualities.get(other, 0.0)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
