"""Ways to combine views, by the visual anagrams paper's A and C with the judges in CLIP's place.

    python bench/combining.py [--device cuda] [--quick]

S_ij is log p of prompt i in view j. A is the mean over pictures of the least S_ii ("alignment"); C the mean of the
trace of the softmax of S over N, over rows and over columns, τ = 1 ("concealment": is each view read as its own prompt
rather than the other's). Unselected pictures of the same pairs and seeds for every rule and guidance scale. The
default is chosen by the selecting judge; the reporting judge's columns choose nothing.
"""

import argparse
import time
from dataclasses import replace

import torch
from pairs import Court, Maker, Pair, add_options, opened, pairs_of, share
from torch import Tensor

from duckrabbit.illusions.combining import COMBINATIONS
from duckrabbit.judges.judge import Judge
from duckrabbit.judges.question import Question, question_of

SCALES = (3.0, 5.0, 8.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, 32)
    parser.add_argument("--rules", nargs="*", default=list(COMBINATIONS))
    parser.add_argument("--scales", nargs="*", type=float, default=SCALES)
    options = parser.parse_args()
    model = opened(options.model, options)
    court, maker = Court.of(model), Maker.of(model, options)
    count = 2 if options.quick else options.pairs
    pairs = pairs_of(model, court, count, options.seed)
    each = 4 if options.quick else options.candidates
    scales = SCALES[1:2] if options.quick else options.scales
    print(f"{len(pairs)} pairs, {each} unselected pictures each")
    print(f"{'':22} |  {'selecting judge':^27}  |  {'reporting judge':^27}  |")
    heads = f"{'A':>7} {'C':>7} {'both first':>11}"
    print(f"{'rule':14} {'scale':>7} |  {heads}  |  {heads}  | s a picture")
    for rule in options.rules:
        for scale in scales:
            sampler = replace(model.illusion_sampler, guidance_scale=scale)
            recipes = [replace(pair.recipe, combine=rule, sampler=sampler) for pair in pairs]
            started = time.perf_counter()
            pictures = maker.pictures(recipes, each)
            seconds = (time.perf_counter() - started) / (each * len(pairs))
            columns = [measured(judge, pairs, pictures) for judge in (court.selecting, court.reporting)]
            print(f"{rule:14} {scale:7g} |  {columns[0]}  |  {columns[1]}  | {seconds:.3f}", flush=True)


def measured(judge: Judge, pairs: list[Pair], pictures: list[Tensor]) -> str:
    """A, C and the share read both ways."""
    tables, hits = [], []
    for pair, own in zip(pairs, pictures, strict=True):
        question = question_of(judge, pair.recipe.looks)
        tables.append(similarities(question, own))
        hits.append(question.read(own))
    together = torch.cat(tables)
    alignment = together.diagonal(dim1=1, dim2=2).amin(dim=1).mean()
    rows, columns = together.softmax(dim=2), together.softmax(dim=1)
    traces = torch.stack([own.diagonal(dim1=1, dim2=2).mean(dim=1) for own in (rows, columns)])
    return f"{float(alignment):7.3f} {float(traces.mean()):7.3f} {share(torch.cat(hits)):>11}"


def similarities(question: Question, pictures: Tensor) -> Tensor:
    """S: log p of prompt i in view j, [N, prompts, views]."""
    return torch.stack([own[:, list(question.classes)] for own in question.log_probabilities(pictures)], dim=2)


if __name__ == "__main__":
    main()
