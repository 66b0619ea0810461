"""`python -m zilliz_local.demo`: the demo from a tree in which nothing is installed."""

import sys

from zilliz_local.demo.command import app

if __name__ == "__main__":
    try:
        app(prog_name="python -m zilliz_local.demo")
    except KeyboardInterrupt:
        sys.exit(130)
