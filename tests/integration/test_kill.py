"""Killed at any instant of a busy session, again and again: no answered command is lost, none is there twice, no alarm that a
display was shown is missing on the record, the chain holds, and the session goes on. VITALS_KILLS sets how often (15)."""
import contextlib
import json
import os
import random
import re
import signal
import sqlite3
import threading
import time

from harness import PATIENCE_S, Bedside, pb, wait_for
from test_bedside import start

KILLS = int(os.environ.get("VITALS_KILLS", "15"))


class Nurse(threading.Thread):
    """Writes notes and acknowledges, one after the other, and remembers which were answered."""

    def __init__(self, bedside):
        super().__init__(daemon=True)
        self.bedside, self.done, self.answered, self.asked = bedside, threading.Event(), [], []

    def run(self):
        for number in range(1000000):
            if self.done.is_set():
                return
            note = f"note-{number}-"
            self.asked.append(note)
            try:
                if self.bedside.request(observe=pb.Observe(note=note)).result == "ok":
                    self.answered.append(note)
                self.bedside.request(test_alarm=pb.Empty())
            except (OSError, AssertionError):  # the monitor is gone, before or within its answer: nobody was answered
                time.sleep(0.01)


def notes_on_record(bedside):
    with contextlib.closing(sqlite3.connect(f"file:{bedside.record}?mode=ro", uri=True, timeout=PATIENCE_S)) as database:
        rows = database.execute("SELECT text FROM record WHERE kind = 'observation' ORDER BY seq").fetchall()
    return [match.group(0) for row in rows for match in re.finditer(r"note-\d+-", row[0])]


def alarms_on_record(bedside):
    return {(re.search(r'condition="([^"]*)"', row[3]).group(1), int(re.search(r'generation="(\d+)"', row[3]).group(1)))
            for row in bedside.records("alarm")}


def test_killed_in_a_busy_session():
    chance = random.Random(11)
    with Bedside() as bedside:
        _, display = start(bedside)
        display.wait_value("spo2")
        bedside.ctl("session", "open", "--patient", "P-010")
        session = json.loads(bedside.ctl("--json", "status"))["snapshot"]["session"]["id"]
        nurse = Nurse(bedside)
        nurse.start()
        for _ in range(KILLS):
            had = len(nurse.answered)
            wait_for(lambda had=had: len(nurse.answered) > had + chance.randrange(6), "answers")
            time.sleep(chance.random() * 0.02)  # at any instant; nothing waits for it
            bedside.daemon.stop(signal.SIGKILL)
            bedside.start_daemon()
            state = bedside.request(status=pb.Empty()).snapshot
            assert state.session.id == session and state.session.open
            assert not any(alarm.condition == "service-session" for alarm in state.alarm)
        nurse.done.set()
        nurse.join(PATIENCE_S)
        bedside.daemon.stop(signal.SIGTERM)
        notes = notes_on_record(bedside)
        assert len(notes) == len(set(notes)), "a note is there twice"
        assert set(nurse.answered) <= set(notes), sorted(set(nurse.answered) - set(notes))
        assert set(notes) <= set(nurse.asked)
        shown = {(change.alarm.condition, change.alarm.generation) for change in display.bodies("alarm")}
        assert shown and shown <= alarms_on_record(bedside), sorted(shown - alarms_on_record(bedside))


def test_killed_while_it_takes_up():
    """Killed again before it is ready, at any instant of its start: nothing is lost or told twice."""
    chance = random.Random(5)
    with Bedside() as bedside:
        _, display = start(bedside)
        display.wait_value("spo2")
        bedside.ctl("session", "open", "--patient", "P-010")
        session = json.loads(bedside.ctl("--json", "status"))["snapshot"]["session"]["id"]
        for number in range(KILLS):
            bedside.ctl("note", f"note-{number}-")
            bedside.daemon.stop(signal.SIGKILL)
            for _ in range(2):
                bedside.start_daemon(ready=False)
                time.sleep(chance.random() * 0.15)  # at any instant; nothing waits for it
                bedside.daemon.stop(signal.SIGKILL)
            bedside.start_daemon()
        state = bedside.request(status=pb.Empty()).snapshot
        assert state.session.id == session and state.session.open
        assert not any(alarm.condition == "service-session" for alarm in state.alarm)
        bedside.daemon.stop(signal.SIGTERM)
        assert notes_on_record(bedside) == [f"note-{number}-" for number in range(KILLS)]


def test_killed_while_the_disk_takes_nothing():
    """What was judged while the record could not be written is in the black box: the next run writes it, once."""
    with Bedside() as bedside:
        _, display = start(bedside)
        display.wait_value("spo2")
        bedside.ctl("session", "open", "--patient", "P-010")
        lock = sqlite3.connect(bedside.record, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        for number in range(3):
            bedside.ctl("note", f"note-{number}-", expect=1)  # not recorded, and said so
        display.wait_alarm("service-recorder", "raised")
        bedside.daemon.stop(signal.SIGKILL)
        lock.execute("ROLLBACK")
        lock.close()
        bedside.start_daemon()
        bedside.wait_record("observation", "note-2-")
        bedside.wait_record("alarm", 'condition="service-recorder"', 'change="raised"')
        assert bedside.request(status=pb.Empty()).snapshot.session.open
        bedside.daemon.stop(signal.SIGTERM)
        assert notes_on_record(bedside) == [f"note-{number}-" for number in range(3)]
        assert len([row for row in bedside.records("alarm") if 'condition="service-recorder"' in row[3] and
                    'change="raised"' in row[3]]) == 1
