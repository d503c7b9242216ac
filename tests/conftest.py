"""What no test may see."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

# Nothing that the one who runs the tests has brought or trained, from the first import on.
os.environ["SIMMER_HOME"] = tempfile.mkdtemp(prefix="simmer-tests-")
atexit.register(shutil.rmtree, os.environ["SIMMER_HOME"], ignore_errors=True)
