"""Painting training pictures: backdrops, scenes of several subjects, painterly filters.

scene (what is where, and its caption) ─ render ─▶ picture ─ filter ─▶ picture in a painter's manner
"""
