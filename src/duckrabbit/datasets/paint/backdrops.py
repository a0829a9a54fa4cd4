"""Drawn places: what stands behind subjects, and scenery of which the packs have too little.

Each function draws one place, `SIDE` pixels wide in RGB, with its own random numbers; shrunk, its edges are smooth.
"""

from collections.abc import Mapping

from duckrabbit.datasets.paint.brushes import Drawing
from duckrabbit.datasets.paint.firelight import campfire
from duckrabbit.datasets.paint.nature import (
    cascades,
    cliffs,
    coast,
    field,
    forest,
    hills,
    mountains,
    night_hills,
    sea,
    snowy_hills,
    snowy_mountains,
    waterfall,
)
from duckrabbit.datasets.paint.settlements import (
    cafe,
    city,
    counter,
    interior,
    night_city,
    old_city,
    pagoda,
    snowy_village,
    village,
)

BACKDROPS: Mapping[str, Drawing] = {
    "mountains": mountains,
    "snowy mountains": snowy_mountains,
    "hills": hills,
    "night hills": night_hills,
    "snowy hills": snowy_hills,
    "field": field,
    "forest": forest,
    "sea": sea,
    "coast": coast,
    "waterfall": waterfall,
    "city": city,
    "night city": night_city,
    "interior": interior,
    "cafe": cafe,
    "village": village,
    "snowy village": snowy_village,
    "cliffs": cliffs,
    "cascades": cascades,
    "pagoda": pagoda,
    "old city": old_city,
    "campfire": campfire,
    "counter": counter,
}
"""Every place by its name."""
