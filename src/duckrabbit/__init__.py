"""duckrabbit: a diffusion model's denoiser as an instrument for sampling, editing and optical illusions."""
