"""`python -m duckrabbit`."""

import sys

from duckrabbit.cli.main import main

sys.exit(main())
