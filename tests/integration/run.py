#!/usr/bin/python3
"""Runs every function test_* of tests/integration/test_*.py, each with its own processes; prints the plain counts.

usage: run.py [WORD...]   only tests whose name contains one of the words"""
import importlib
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from harness import Skip  # noqa: E402


def main(words):
    passed = failed = skipped = 0
    for file in sorted(os.listdir(HERE)):
        if not (file.startswith("test_") and file.endswith(".py")):
            continue
        module = importlib.import_module(file[:-3])
        for name, test in list(vars(module).items()):
            if not name.startswith("test_") or not callable(test) or (words and not any(w in name for w in words)):
                continue
            begun = time.monotonic()
            try:
                test()
                passed += 1
                outcome = "ok"
            except Skip as reason:
                skipped += 1
                outcome = f"skipped: {reason}"
            except Exception:  # a failing test must not stop the others
                failed += 1
                outcome = "FAILED"
                traceback.print_exc()
            print(f"{file[5:-3]}.{name[5:]}: {outcome} ({time.monotonic() - begun:.1f} s)", flush=True)
    print(f"integration: {passed} passed, {failed} failed, {skipped} skipped")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
