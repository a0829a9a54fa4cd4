"""Probabilities for people."""


def percent(value: float) -> str:
    """A probability in words that don't promise too much.

    >>> [percent(p) for p in (0.0001, 0.014, 0.5, 0.9999)]
    ['<1 %', '1 %', '50 %', '>99 %']
    """
    return "<1 %" if value < 0.01 else ">99 %" if value > 0.99 else f"{100 * value:.0f} %"
