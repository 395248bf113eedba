"""The real service on a house of the tests: scripted training processes, a loop without plans."""

import sys
from dataclasses import replace

from core.clock import SystemClock
from core.errors import VirtualMLEError
from core.settings import Settings
from core.worker.__main__ import options_of
from core.worker.service import serve
from tests.core.worker.house import House


def main() -> int:
    options = replace(options_of(sys.argv[1:]), trainer="tests.core.worker.scripted_process")
    try:
        return serve(Settings.from_environment(), lambda settings, _name: House(settings.home, SystemClock()), options)
    except VirtualMLEError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
