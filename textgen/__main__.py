"""`python -m textgen`: see `textgen.cli.parser`."""

import sys

from textgen.cli.parser import main

if __name__ == "__main__":
    sys.exit(main())
