"""What a studio takes at the most, from anyone who asks."""

MAX_JSON_BYTES = 4 << 20
MAX_PICTURE_BYTES = 24 << 20
MAX_PICTURE_PIXELS = 50_000_000

MAX_WAITING_JOBS = 32
"""Jobs in the queue; one more is refused until another is done."""

REMEMBERED_JOBS = 100
"""Jobs that are over and still listed."""

MAX_STREAMS = 400
"""Clients that follow events at once."""

MAX_ERRANDS = 8
"""Requests that need a core for a moment (decoding, animating), at work or waiting; one more is refused."""

READING_SECONDS = 30.0
"""How long the body of a request may take to arrive."""

MAX_COUNT = 16
MAX_CANDIDATES = 512
MAX_STEPS = 1000
MAX_RESAMPLINGS = 10
MAX_PROMPTS = 8
MAX_PROMPT = 300
MAX_SIDE = 1024
MAX_SEED = 2**63 - 1_000
