"""A1.7.3: pictures made anew under a prompt that says what they are to become."""

from duckrabbit.report.figure import Figure
from duckrabbit.report.rows.pretrained.edited import edited
from duckrabbit.report.workshop import Workshop

ROCKET, PENCIL, WATERFALLS = "a rocket ship", "a pencil", "a lithograph of waterfalls"
PROMPTS = (ROCKET, PENCIL, WATERFALLS)


def text_conditioned_edits(workshop: Workshop) -> Figure:
    """A1.7.3: two photographs and two drawings."""
    image = workshop.shelf.choice.image
    pairs = (
        (image, ROCKET, f"The photograph of A1.1 as “{ROCKET}”."),
        ("sketch:house", WATERFALLS, f"The drawing of a house as “{WATERFALLS}”."),
        ("photo:rocket", PENCIL, f"A photograph of a rocket as “{PENCIL}”."),
        ("sketch:rocket", ROCKET, f"The drawing of a rocket as “{ROCKET}”: here prompt and picture agree."),
    )
    result = edited(workshop, pairs[: workshop.effort.edited])
    lesson = (
        "Now the prompt says what to look for on the way back. Where the picture's shapes offer it (a tower is as "
        "long and narrow as a rocket) it is found in them; where they don't, there comes a start at which the "
        "prompt wins and the picture is lost at once.",
        "Look for the start at which both are there. It is another one for each pair, which is why people try a whole "
        "list of them.",
    )
    return Figure(lesson, result.exhibits)
