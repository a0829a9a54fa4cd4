"""What makes one picture two: views (`illusions.views`) and bands (`illusions.bands`).

A *view* rearranges a picture's pixels; a *band* keeps one part of what the eye can see. A denoiser's estimates,
each read through one view and one band, add up to an illusion.
"""
