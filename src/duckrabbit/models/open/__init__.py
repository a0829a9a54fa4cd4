"""Open text-to-image models from a folder in diffusers' layout or the hub, a file a family.

A family says which path, which parametrization, how a prompt is encoded and how the network is called; the loop, the
guidance and the solvers are this engine's. diffusers and transformers are imported when a schedule is read.
"""
