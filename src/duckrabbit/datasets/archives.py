"""The published files of MNIST and Fashion-MNIST: their names, sizes, checksums and mirrors."""

import os
from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "test"]


@dataclass(frozen=True)
class Archive:
    """One published file: its name, its SHA-256 in hexadecimal and its size in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Pair:
    """The two files of one split."""

    pictures: Archive
    labels: Archive


@dataclass(frozen=True)
class Collection:
    """A data set in MNIST's format: its name (also its folder's), its mirrors' base URLs and its two splits.

    `mirrors_variable` names the environment variable that replaces the mirrors: base URLs separated by
    commas, `file://` ones among them.
    """

    name: str
    mirrors_variable: str
    default_mirrors: tuple[str, ...]
    train: Pair
    test: Pair

    def pair(self, split: Split) -> Pair:
        """The two files of a split."""
        return self.train if split == "train" else self.test

    def urls(self, archive: Archive) -> tuple[str, ...]:
        """Where to look for one file, best first."""
        chosen = [base.strip() for base in os.environ.get(self.mirrors_variable, "").split(",")]
        bases = tuple(filter(None, chosen)) or self.default_mirrors
        return tuple(f"{base.rstrip('/')}/{archive.name}" for base in bases)


MNIST = Collection(
    name="mnist",
    mirrors_variable="DUCKRABBIT_MNIST_MIRRORS",
    default_mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    train=Pair(
        pictures=Archive(
            name="train-images-idx3-ubyte.gz",
            sha256="440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            size=9_912_422,
        ),
        labels=Archive(
            name="train-labels-idx1-ubyte.gz",
            sha256="3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            size=28_881,
        ),
    ),
    test=Pair(
        pictures=Archive(
            name="t10k-images-idx3-ubyte.gz",
            sha256="8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            size=1_648_877,
        ),
        labels=Archive(
            name="t10k-labels-idx1-ubyte.gz",
            sha256="f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            size=4_542,
        ),
    ),
)

FASHION_MNIST = Collection(
    name="fashion-mnist",
    mirrors_variable="DUCKRABBIT_FASHION_MNIST_MIRRORS",
    default_mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    train=Pair(
        pictures=Archive(
            name="train-images-idx3-ubyte.gz",
            sha256="3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            size=26_421_880,
        ),
        labels=Archive(
            name="train-labels-idx1-ubyte.gz",
            sha256="a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            size=29_515,
        ),
    ),
    test=Pair(
        pictures=Archive(
            name="t10k-images-idx3-ubyte.gz",
            sha256="346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            size=4_422_102,
        ),
        labels=Archive(
            name="t10k-labels-idx1-ubyte.gz",
            sha256="67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            size=5_148,
        ),
    ),
)
