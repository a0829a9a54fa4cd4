"""A1.7.1: drawings and a painting made anew."""

from duckrabbit.report.figure import Figure
from duckrabbit.report.rows.pretrained.common import PHOTO
from duckrabbit.report.rows.pretrained.edited import edited
from duckrabbit.report.workshop import Workshop

PICTURES = (
    ("sketch:house", "A house, a tree and the sun, drawn with a mouse."),
    ("photo:village-in-snow", "A picture from the web that is no photograph: Monet's village in the snow."),
    ("sketch:boat", "A sailing boat, drawn with a mouse."),
    ("sketch:rocket", "A rocket, drawn with a mouse."),
)


def drawings(workshop: Workshop) -> Figure:
    """A1.7.1: what nobody would take for a photograph, under a prompt that asks for one."""
    chosen = PICTURES[: workshop.effort.edited]
    result = edited(workshop, [(name, PHOTO, caption) for name, caption in chosen])
    lesson = (
        "A child's drawing lies far from what the model takes for a photograph. Given a push of noise, it does not go "
        "back to the drawing: the nearest real-looking picture is another one, with the drawing's layout and colours "
        "and with light, stuff and depth that no one drew.",
        "The start is a dial between the hand and the model. At 20 all the pen's faults are kept, at 5 the drawing "
        "is a hint, at 1 it is forgotten. Any file will do in place of these: any size, transparent, grey or turned.",
    )
    return Figure(lesson, result.exhibits)
