"""Every family that is played, by the class of its pipeline. A new one is a file, and a row here."""

from collections.abc import Mapping

from duckrabbit.models.open import prx_pixel
from duckrabbit.models.open.family import Family

FAMILIES: Mapping[str, Family] = {family.pipeline: family for family in (prx_pixel.FAMILY,)}
