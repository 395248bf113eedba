"""`python -m core VERB`."""

from core.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
