#!/usr/bin/python3
"""Runs every function test_* of tests/integration/test_*.py, each in a process of its own, a few at a time (they mostly
wait for devices and alarms); prints the plain counts.

usage: run.py [WORD...]   only tests whose name, or whose file's, contains one of the words

A test that does not end within VITALS_TEST_LIMIT seconds (600) is ended and says what it waited for."""
import concurrent.futures
import contextlib
import importlib
import io
import os
import signal
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
AT_ONCE = int(os.environ.get("VITALS_TEST_AT_ONCE", "0")) or 6 * len(os.sched_getaffinity(0))
LIMIT_S = int(os.environ.get("VITALS_TEST_LIMIT", "600"))


class Hung(BaseException):  # not an Exception: nothing in a test may take it for a failure of its own
    """The test did not end in time."""


def hung(_signal, _frame):
    from harness import Waits
    raise Hung(f"not at its end after {LIMIT_S} s; it waited for {Waits.now_for or 'what the last line above does'}")


def run(module, name):
    """In a worker: outcome, seconds and what was printed."""
    from harness import Skip
    begun = time.monotonic()
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        signal.signal(signal.SIGALRM, hung)
        signal.alarm(LIMIT_S)
        try:
            getattr(importlib.import_module(module), name)()
            outcome = "ok"
        except Skip as reason:
            outcome = f"skipped: {reason}"
        except (Exception, Hung):  # a failing test must not stop the others
            traceback.print_exc()
            outcome = "FAILED"
        finally:
            signal.alarm(0)
    return outcome, time.monotonic() - begun, out.getvalue()


def collect(words):
    for file in sorted(os.listdir(HERE)):
        if file.startswith("test_") and file.endswith(".py"):
            for name, test in vars(importlib.import_module(file[:-3])).items():
                if name.startswith("test_") and callable(test) and (not words or any(w in file + name for w in words)):
                    yield file[:-3], name


def main(words):
    counts = {"ok": 0, "FAILED": 0, "skipped": 0}
    with concurrent.futures.ProcessPoolExecutor(AT_ONCE) as pool:
        running = {pool.submit(run, module, name): f"{module[5:]}.{name[5:]}" for module, name in collect(words)}
        for future in concurrent.futures.as_completed(running):
            outcome, seconds, printed = future.result()
            counts[outcome.split(":")[0]] += 1
            if outcome == "FAILED":
                print(printed)
            print(f"{running[future]}: {outcome} ({seconds:.1f} s)", flush=True)
    print(f"integration: {counts['ok']} passed, {counts['FAILED']} failed, {counts['skipped']} skipped")
    return 0 if counts["FAILED"] == 0 and counts["ok"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
