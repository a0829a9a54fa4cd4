"""How much is computed for the report: the same figures from fewer samples, or from more."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Sample counts.

    Attributes:
        name: one word for the page.
        shown: samples on a sheet; a multiple of ten.
        judged: samples behind each number of accuracy, Fréchet distance and spread; a multiple of ten, at least 20.
        reference: training digits that the Fréchet distance is measured to.
        noised: test digits behind each number of denoising.
        candidates: anagrams and hybrids that the best is chosen from.
        evaluations: network evaluations at which the solvers are compared.
        prompts: of the sources' prompts, how many are painted.
        painted: seeds behind each picture of words that is shown or compared; at least 2.
        diverse: pictures behind each figure of diversity; at least 2.
        edited: pictures that are edited in each way, at most 4; three cost what four do.
        compared: of the sources' illusions, how many are made without a judge, too, beside the default.
        unpicked: pictures of other seeds that are shown with each illusion.
        steps: numbers of steps that are compared, the last being the reference.
        learned: of a user's own pictures, how many are seen in training.
    """

    name: str
    shown: int
    judged: int
    reference: int
    noised: int
    candidates: int
    evaluations: tuple[int, ...]
    prompts: int
    painted: int
    diverse: int
    edited: int
    compared: int
    unpicked: int
    steps: tuple[int, ...]
    learned: int


QUICK = Effort("quick", 40, 80, 10_000, 40, 16, (4, 8, 16), 16, 2, 4, 4, 2, 0, (20, 25, 50, 100, 125), 1024)
FULL = Effort("full", 40, 200, 60_000, 500, 48, (4, 8, 16, 32, 64), 16, 4, 24, 4, 7, 7, (20, 25, 50, 100, 125), 2048)
