"""DeepFloyd IF and other pixel-space pipelines in diffusers' layout: the only folder that imports diffusers.

Folders, configurations, embeddings and memory are handled without it; diffusers and transformers are imported when a
network or the text encoder is loaded, and not before.
"""
