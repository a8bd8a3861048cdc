"""Speed and memory, against the libraries that people would use otherwise."""

import os

# Libraries read these once, when they load: one thread each, no spinning, a quiet profiler.
for name, value in {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "KINETO_LOG_LEVEL": "99"}.items():
    os.environ.setdefault(name, value)
