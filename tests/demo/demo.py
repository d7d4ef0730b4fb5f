#!/usr/bin/python3
"""`make demo`: one simulated patient's infusion, monitored for real, in about two minutes.

Starts the simulated devices (vitals-sim), the daemon (vitalsd) and the live view (vitalsctl watch), then plays the staff:
opens and starts the session, lets the saturation fall, acknowledges the alarm, pulls the oximeter's cable and puts it
back. A second subscriber writes down what really came over the wire; at the end the list of what had to be seen is
compared with it, and the exit status says whether all of it was.

Everything is in a temporary directory and is ended by its own process id, also on Ctrl-C.
Environment: B (build directory), DEMO_SECONDS (end after so many seconds; else when the session is over)."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("B", "build"))
BEDSIDE = "demo-room"
WHOLE_SESSION_S = 135


def condition(change, name):
    return lambda m: m["type"] == "alarm" and m["change"] == change and m["alarm"]["condition"] == name


def session(change, phase=None):
    return lambda m: (m["type"] == "session" and m["change"] == change and
                      (phase is None or m["session"]["phase"] == phase))


def device(state):
    return lambda m: m["type"] == "device" and m["device"]["name"] == "oximeter" and m["device"]["state"] == state


def value(parameter):
    return lambda m: (m["type"] == "readings" and
                      any(r["parameter"] == parameter and r["value"] is not None for r in m["readings"]["reading"]))


# What must have been seen on the wire; the last ones only when there is time for the whole session.
EXPECTED = [
    ("oxygen saturation from the serial oximeter", value("spo2")),
    ("heart rate over Modbus TCP", value("ecg_hr")),
    ("blood pressure over Modbus RTU", value("nibp_sys")),
    ("session opened", session("opened")),
    ("this patient's baseline", session("baseline")),
    ("infusion started", session("started")),
    ("low saturation alarm (O2) raised", condition("raised", "O2")),
    ("... acknowledged by a person", condition("acknowledged", "O2")),
    ("... cleared", condition("cleared", "O2")),
    ("oximeter cable pulled: device down", device("down")),
    ("... alarm raised", condition("raised", "device-oximeter")),
    ("... cable put back: device up", device("up")),
    ("... alarm cleared", condition("cleared", "device-oximeter")),
]
EXPECTED_WHOLE = [
    ("recovery", session("phase", "recovery")),
    ("observation", session("phase", "observation")),
    ("leave check", session("phase", "leave")),
    ("session closed", session("closed")),
]


class Stop(Exception):
    """The time is up or somebody pressed Ctrl-C."""


class Demo:
    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="vitals-demo-")
        self.children = []
        self.stopping = threading.Event()
        self.seen = []
        self.limit = float(os.environ.get("DEMO_SECONDS") or WHOLE_SESSION_S)
        self.whole = not os.environ.get("DEMO_SECONDS") or self.limit >= WHOLE_SESSION_S
        self.begun = time.monotonic()

    def path(self, name):
        return os.path.join(self.directory, name)

    def program(self, name):
        return os.path.join(BUILD, name)

    def start(self, argv, out=None, stdin=None):
        """A child in a session of its own, so that Ctrl-C reaches only us and we end it in order."""
        stream = open(self.path(out), "wb") if out else None
        child = subprocess.Popen(argv, stdin=stdin, stdout=stream, stderr=subprocess.STDOUT if out else None,
                                 start_new_session=out is not None)
        if stream:
            stream.close()
        self.children.append(child)
        return child

    def end(self):
        for child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
                try:
                    child.wait(8)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def wait(self, predicate, seconds=30):
        """Waits until the wire brought something that fits, or gives up quietly: the list at the end will tell."""
        deadline = time.monotonic() + seconds
        while not any(predicate(m) for m in list(self.seen)):
            self.pause(0.05)
            if time.monotonic() > deadline:
                return False
        return True

    def pause(self, seconds):
        if self.stopping.wait(min(seconds, max(0.0, self.begun + self.limit - time.monotonic()))):
            raise Stop
        if time.monotonic() >= self.begun + self.limit:
            raise Stop

    # ---- the pieces -------------------------------------------------------------------------------------------------

    def write_config(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.ecg_port = s.getsockname()[1]
        maps = os.path.join(ROOT, "etc/devices")
        with open(self.path("vitalsd.conf"), "w", encoding="utf-8") as f:
            f.write(f'''bedside = "{BEDSIDE}"
plan = "{ROOT}/etc/plans/demo.conf"
people = {{ "dr.weber", "nurse-anna" }}
control {{ socket = "{self.path("control")}" }}
record {{ path = "{self.path("record.sqlite")}" }}
publish {{ endpoints = {{ "ipc://{self.path("publish")}" }} }}
link "oximeter-line" {{ type = "serial"  port = "{self.path("oximeter")}" }}
device "oximeter" {{ link = "oximeter-line"  driver = "masimo-ascii1" }}
link "bp-bus" {{ type = "modbus-rtu"  port = "{self.path("cuff")}"  baud = 19200  parity = "none"  timeout_ms = 300 }}
device "cuff" {{ link = "bp-bus"  map = "{maps}/vitals-sim-cuff.conf"  unit = 1  poll_period_ms = 500 }}
link "ecg-gateway" {{ type = "modbus-tcp"  host = "127.0.0.1"  tcp_port = {self.ecg_port}  timeout_ms = 500 }}
device "ecg" {{ link = "ecg-gateway"  map = "{maps}/vitals-sim-ecg.conf"  unit = 1  poll_period_ms = 1000 }}
''')

    def start_all(self):
        self.write_config()
        self.sim = self.start([self.program("vitals-sim"), "--seed", "42", "--speed", "60", "--oximeter-pty",
                               self.path("oximeter"), "--cuff-pty", self.path("cuff"), "--ecg-tcp", str(self.ecg_port)],
                              "sim.out", subprocess.PIPE)
        self.until_written("sim.out", "ready", self.sim)
        self.daemon = self.start([self.program("vitalsd"), "--config", self.path("vitalsd.conf"), "--stderr"], "daemon.out")
        wire = self.start([self.program("vitalsctl"), "--json", "--socket", self.path("control"), "watch", "--endpoint",
                           f"ipc://{self.path('publish')}"], "wire.json")
        threading.Thread(target=self.read_wire, args=(wire,), daemon=True).start()
        self.view = self.start([self.program("vitalsctl"), "--socket", self.path("control"), "watch", "--endpoint",
                                f"ipc://{self.path('publish')}"])

    def until_written(self, name, word, child):
        deadline = time.monotonic() + 20
        while True:
            with open(self.path(name), encoding="utf-8", errors="replace") as f:
                text = f.read()
            if word in text.split():
                return
            if child.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"demo: {name[:-4]} did not start:\n{text}")
            self.pause(0.05)

    def read_wire(self, child):
        with open(self.path("wire.json"), encoding="utf-8") as f:
            partial = ""
            while not self.stopping.is_set() or child.poll() is None:
                partial += f.readline()
                if partial.endswith("\n"):
                    self.seen.append(json.loads(partial))
                    partial = ""
                elif self.stopping.wait(0.05):
                    return

    def ctl(self, *words):
        done = subprocess.run([self.program("vitalsctl"), "--socket", self.path("control"), *words], capture_output=True,
                              text=True, timeout=10, check=False)
        with open(self.path("staff.out"), "a", encoding="utf-8") as f:
            f.write(f"{' '.join(words)}: {done.returncode} {done.stdout}{done.stderr}\n")

    def event(self, text):
        self.sim.stdin.write(f"{text}\n".encode())
        self.sim.stdin.flush()

    # ---- the story --------------------------------------------------------------------------------------------------

    def play(self):
        self.wait(value("spo2"))
        self.wait(value("ecg_hr"))
        self.ctl("session", "open", "--patient", "DEMO-0001", "--weight-kg", "70", "--dose-mg", "35")
        self.wait(session("baseline"))
        self.ctl("observe", "--moaas", "5")
        self.ctl("session", "start")
        self.event("start")
        self.pause(4)
        self.event("event desaturation 86 over 2 for 9")
        self.wait(condition("raised", "O2"))
        self.pause(2)
        self.ctl("alarm", "ack", "O2")
        self.wait(condition("cleared", "O2"))
        self.ctl("observe", "--moaas", "4", "--note", "calm, eyes closed, answers")
        self.pause(1)
        self.event("event cable-pull oximeter")
        self.wait(condition("raised", "device-oximeter"))
        self.pause(3)
        self.event("event cable-plug oximeter")
        self.wait(condition("cleared", "device-oximeter"))
        self.wait(session("phase", "leave"), 120)
        self.pause(6)
        self.ctl("session", "close")
        self.wait(session("closed"))
        self.pause(3)

    def report(self):
        wanted = EXPECTED + (EXPECTED_WHOLE if self.whole else [])
        missing = [name for name, predicate in wanted if not any(predicate(m) for m in self.seen)]
        print("\nSeen on the wire (DEMO):" if self.seen else "\nNothing came over the wire.")
        for name, _ in wanted:
            print(f"  {'MISSING' if name in missing else 'ok     '}  {name}")
        if missing:
            for log in ("staff.out", "daemon.out", "sim.out"):
                if os.path.exists(self.path(log)):
                    with open(self.path(log), encoding="utf-8", errors="replace") as f:
                        print(f"---- {log}\n{f.read()[-3000:]}")
        return 1 if missing else 0


def main():
    demo = Demo()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: demo.stopping.set())
    interrupted = False
    try:
        demo.start_all()
        demo.play()
    except Stop:
        interrupted = demo.stopping.is_set()
    finally:
        demo.stopping.set()
        for child in reversed(demo.children[3:]): # the view first, so that it gives the terminal back
            child.send_signal(signal.SIGTERM)
            child.wait(5)
        status = 130 if interrupted else demo.report()
        demo.end()
    return status


if __name__ == "__main__":
    sys.exit(main())
