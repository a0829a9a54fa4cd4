"""Several things in one exhibit."""

from dataclasses import dataclass

from duckrabbit.report.figure import Body


@dataclass(frozen=True)
class Stack:
    """Bodies below one another."""

    bodies: tuple[Body, ...]

    def html(self) -> str:
        """All of them."""
        return "".join(body.html() for body in self.bodies)
