"""The training process: trains one digit model into its run folder, until it is done or told to stop.

    python -m duckrabbit.studio.trainer FOLDER

The folder's config.toml says what to train. Each report is a line of JSON on standard output. When standard input
ends, because someone said stop or because the studio has gone, the run stops after its next step, to be resumed.
"""

import json
import os
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from duckrabbit.errors import UsageError, in_words
from duckrabbit.models.device import choose_device, choose_dtype
from duckrabbit.trained.digits import TrainingRun, digits_of, train_digits
from duckrabbit.trained.run_folder import CONFIG
from duckrabbit.training.loop import Engine

NICENESS = 10
"""Training waits where a picture is being made."""


def main(folder: Path) -> int:
    """Train; 0 when the run is done or stopped, 2 with a sentence where it can't go on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    stopped = threading.Event()
    threading.Thread(target=_set_at_end_of_input, args=(stopped,), daemon=True).start()
    try:
        run = TrainingRun.from_toml(folder / CONFIG)
        device = choose_device("auto")
        engine = Engine(device, choose_dtype(device), report_every=10)
        every_epoch = range(1, run.hyperparameters.epochs + 1)
        for report in train_digits(run, digits_of(run), folder, engine, stopped.is_set, every_epoch):
            print(json.dumps(asdict(report)), flush=True)
    except UsageError as error:
        print(json.dumps({"problem": in_words(error)}), flush=True)
        return 2
    except BrokenPipeError:
        return 1
    return 0


def _set_at_end_of_input(stopped: threading.Event) -> None:
    sys.stdin.read()
    stopped.set()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
