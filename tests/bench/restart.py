#!/usr/bin/python3
"""`make bench`: from the start of the process that follows a killed one to the first heartbeat with the session open, with the
black box and without it. Without, the record holds as many events as two hours of eight devices at 10 Hz make: 576,000; they
lie closer together than in life, which costs the engine the same."""
import contextlib
import os
import signal
import sqlite3
import struct
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))
from harness import Bedside, Subscriber, pb, wait_for  # noqa: E402
from test_bedside import start  # noqa: E402

EVENTS, TIMES = 576000, 7


def restart(bedside):
    """Seconds until a display that waits hears the first heartbeat."""
    display = Subscriber(bedside.context, bedside.endpoint, bedside.name)
    bedside.subscribers.append(display)
    begun = time.monotonic()
    bedside.start_daemon(ready=False)
    display.wait("heartbeat")
    took = time.monotonic() - begun
    wait_for(lambda: bedside.request(status=pb.Empty()).snapshot.session.open, "the open session")
    return took


def lengthen(bedside):
    """Puts the newest measurements behind the recorded events again and again."""
    with contextlib.closing(sqlite3.connect(bedside.record)) as db, db:
        opened, last = db.execute("SELECT opened, (SELECT number FROM progress) FROM session").fetchone()
        events = db.execute("SELECT events FROM input ORDER BY first DESC").fetchall()
        frame = None
        for (row,) in events:
            at = 0
            while at < len(row) and frame is None:
                size = struct.unpack_from("<H", row, at + 2)[0]
                frame = row[at:at + size] if row[at + 1] == 2 else None
                at += size
        newest = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        first = newest - EVENTS * 2000
        for begin in range(0, EVENTS, 1000):
            body = b"".join(frame[:4] + struct.pack("<q", first + 2000 * (begin + i)) + frame[12:] for i in range(1000))
            db.execute("INSERT INTO input VALUES(?, ?, ?)", (last + 1 + begin, last + 1000 + begin, body))
        db.execute("UPDATE progress SET number = ?", (last + EVENTS,))


def main():
    with Bedside() as bedside:
        bedside.replayable = False
        start(bedside)
        bedside.ctl("session", "open", "--patient", "P-010")
        with_box = []
        for _ in range(TIMES):
            bedside.daemon.stop(signal.SIGKILL)
            with_box.append(restart(bedside))
        bedside.daemon.stop(signal.SIGTERM)
        lengthen(bedside)
        without = []
        for _ in range(3):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(bedside.path("black-box"))
            without.append(restart(bedside))
            bedside.daemon.stop(signal.SIGKILL)
        for name, times in (("with the black box", with_box), (f"without it, {EVENTS} events", without)):
            times.sort()
            print(f"restart in a session, {name}: median {1000 * times[len(times) // 2]:.0f} ms, longest {1000 * times[-1]:.0f} ms")


if __name__ == "__main__":
    main()
