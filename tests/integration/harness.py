"""Real processes for the integration tests: simulator, daemon, command line, subscriber, log daemon, service manager.

Everything lives in one temporary directory for each test and is ended by its own pid. Waiting is always for a condition
with a deadline, never for an amount of time."""
import contextlib
import json
import os
import queue
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

import zmq

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("B", "build"))
if os.path.isabs(os.environ.get("B", "")):
    BUILD = os.environ["B"]
sys.path.insert(0, os.path.join(BUILD, "proto"))
import vitals_pb2 as pb  # noqa: E402

# How long anything is waited for. Far beyond what it takes on a busy machine: only a failing test needs so long.
PATIENCE_S = float(os.environ.get("VITALS_TEST_PATIENCE", "60"))


class Skip(Exception):
    """The test cannot run here; the message says why."""


class Waits:
    """What the running test waits for, so that one which is ended from outside can say it (run.py)."""
    now_for = ""


def wait_for(condition, what, seconds=None, seen=None):
    """Polls until `condition()` is true and returns its value. After the deadline it fails with `what`, and with what
    `seen()` says of the last state (default: the last value of the condition)."""
    deadline = time.monotonic() + (seconds or PATIENCE_S)
    Waits.now_for = what
    while True:
        late = time.monotonic() > deadline  # first the time, then a last look
        value = condition()
        if value:
            Waits.now_for = ""
            return value
        if late:
            raise AssertionError(f"waited in vain for {what}; last seen: {seen() if seen else repr(value)}")
        time.sleep(0.01)


HELD_PORTS = []


def free_port():
    """A TCP port of the loopback that stays ours until this process ends: it is bound and not listened on, so nobody is
    given it, a connection to it is refused, and whoever is told its number can listen on it (SO_REUSEADDR)."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", 0))
    HELD_PORTS.append(s)
    return s.getsockname()[1]


class Process:
    """A child whose output goes to files and whose standard input stays open."""

    def __init__(self, name, argv, directory, env=None):
        self.name = name
        self.out_path = os.path.join(directory, name + ".out")
        self.err_path = os.path.join(directory, name + ".err")
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.popen = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=out, stderr=err,
                                          env={**os.environ, **(env or {})})
        self.pid = self.popen.pid

    def out(self):
        with open(self.out_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def err(self):
        with open(self.err_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def say(self, line):
        self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()

    def running(self):
        return self.popen.poll() is None

    def stop(self, with_signal=signal.SIGTERM, seconds=PATIENCE_S):
        if self.running():
            self.popen.send_signal(signal.SIGCONT)
            self.popen.send_signal(with_signal)
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
                raise AssertionError(f"{self.name} did not stop within {seconds} s")
        if self.popen.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.popen.stdin.close()
        return self.popen.returncode


class Subscriber:
    """A real ZeroMQ subscriber; keeps every message in order of arrival."""

    def __init__(self, context, endpoint, bedside="room-t"):
        self.messages = []
        self.socket = context.socket(zmq.SUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, 10000)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 50)
        self.socket.setsockopt(zmq.RECONNECT_IVL_MAX, 200)
        self.socket.setsockopt(zmq.SUBSCRIBE, f"vitals/{bedside}/".encode())
        self.socket.connect(endpoint)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._receive, daemon=True)
        self.thread.start()

    def _receive(self):
        while not self.stopping.is_set():
            if not self.socket.poll(50):
                continue
            topic, body = self.socket.recv_multipart()
            message = pb.Message()
            message.ParseFromString(body)
            self.messages.append((time.monotonic(), topic.decode(), message))
        self.socket.close()

    def stop(self):
        self.stopping.set()
        self.thread.join(5)

    def bodies(self, kind, after=0):
        """All messages of one kind ("alarm", "readings", ...) that arrived from index `after` on."""
        return [getattr(m, kind) for _, _, m in self.messages[after:] if m.WhichOneof("body") == kind]

    def mark(self):
        return len(self.messages)

    def seen(self):
        """The end of what came, for a message about what did not."""
        lines = []
        for _, topic, m in self.messages[-400:]:
            kind = m.WhichOneof("body")
            if kind == "alarm":
                lines.append(f"alarm {m.alarm.alarm.condition} {pb.Change.Name(m.alarm.change)}")
            elif kind == "device":
                lines.append(f"device {m.device.name} {pb.DeviceState.Name(m.device.state)} {m.device.fault}")
            elif kind == "session":
                lines.append(f"session {m.session.change}")
            elif kind == "readings":
                lines += [f"{r.parameter} {r.milli if r.WhichOneof('result') == 'milli' else r.no_value.reason}"
                          for r in m.readings.reading]
            else:
                lines.append(topic.rsplit("/", 1)[-1])
        return f"{len(self.messages)} messages, the last of them: " + ", ".join(lines[-25:])

    def readings(self, parameter, after=0):
        return [r for body in self.bodies("readings", after) for r in body.reading if r.parameter == parameter]

    def values(self, parameter, after=0):
        return [r.milli for r in self.readings(parameter, after) if r.WhichOneof("result") == "milli"]

    def alarms(self, condition, after=0):
        return [c for c in self.bodies("alarm", after) if c.alarm.condition == condition]

    def wait_alarm(self, condition, change, after=0, seconds=None):
        wanted = pb.Change.Value("CHANGE_" + change.upper())
        return wait_for(lambda: next((c.alarm for c in self.alarms(condition, after) if c.change == wanted), None),
                        f"alarm {condition} {change}", seconds, self.seen)

    def wait_value(self, parameter, after=0, seconds=None):
        return wait_for(lambda: next(iter(self.values(parameter, after)), None) is not None, f"a value of {parameter}",
                        seconds, self.seen)

    def wait_device(self, name, state, after=0, seconds=None):
        wanted = pb.DeviceState.Value("DEVICE_STATE_" + state.upper())
        # A subscriber that came after the change learns it from the next snapshot.
        return wait_for(lambda: any(d.name == name and d.state == wanted for d in self.bodies("device", after)) or
                        any(d.name == name and d.state == wanted for s in self.bodies("snapshot", after) for d in s.device),
                        f"device {name} {state}", seconds, self.seen)

    def wait(self, kind, after=0, seconds=None):
        return wait_for(lambda: next(iter(self.bodies(kind, after)), None), f"a {kind} message", seconds, self.seen)


class DatagramSink:
    """A datagram socket in the file system: the log daemon, or the service manager's notification socket."""

    def __init__(self, path):
        self.path = path
        self.lines = queue.Queue()
        self.seen = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(0.05)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._receive, daemon=True)
        self.thread.start()

    def _receive(self):
        while not self.stopping.is_set():
            try:
                self.seen.append(self.socket.recv(65536).decode("utf-8", "replace"))
            except socket.timeout:
                continue

    def stop(self):
        self.stopping.set()
        self.thread.join(5)
        self.socket.close()


class Bedside:
    """One bedside under test. Use as a context manager."""

    def __init__(self, name="room-t"):
        self.name = name
        self.directory = tempfile.mkdtemp(prefix="vitals-test-")
        self.record_keys = ""  # more of the section "record"
        self.publish = ""  # all of the section "publish", if it is another
        self.context = zmq.Context()
        self.processes, self.sinks, self.subscribers = [], [], []
        self.endpoint = f"ipc://{self.path('publish')}"
        self.control = self.path("control")
        self.record = self.path("record.sqlite")
        self.config = self.path("vitalsd.conf")
        self.daemon = None
        self.replayable = True  # every recorded session is judged again at the end of the test; False: the record is spoilt

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        failures = []
        for process in reversed(self.processes):
            try:
                process.stop()
            except AssertionError as error:
                failures.append(str(error))
        for subscriber in self.subscribers:
            subscriber.stop()
        for sink in self.sinks:
            sink.stop()
        self.context.destroy(0)
        if kind is not None and kind is not Skip:
            for process in self.processes:
                tail = process.err()[-2500:]
                print(f"---- {process.name} (exit {process.popen.returncode}) stderr:\n{tail}", file=sys.stderr)
        for process in self.processes:
            if "ERROR: AddressSanitizer" in process.err() or "runtime error:" in process.err():
                failures.append(f"{process.name}: sanitizer report:\n{process.err()[-4000:]}")
        if kind is None and self.replayable:
            failures += self.judge_again()
        shutil.rmtree(self.directory, ignore_errors=True)
        if failures and kind is None:
            raise AssertionError("; ".join(failures))

    def judge_again(self):
        """What the record holds of its sessions leads to the rows that it holds, byte for byte. Returns what does not."""
        if not os.path.exists(self.record) or os.path.getsize(self.record) == 0:
            return []
        with contextlib.closing(sqlite3.connect(f"file:{self.record}?mode=ro", uri=True, timeout=PATIENCE_S)) as database:
            sessions = [row[0] for row in database.execute("SELECT id FROM session ORDER BY opened")]
        done = [subprocess.run([os.path.join(BUILD, "vitalsctl"), "replay", self.record, "--session", session],
                               capture_output=True, text=True, timeout=PATIENCE_S, check=False) for session in sessions]
        return [f"replay of {session}: {d.stdout}{d.stderr}" for session, d in zip(sessions, done) if d.returncode != 0]

    def path(self, name):
        return os.path.join(self.directory, name)

    def start(self, name, argv, env=None):
        process = Process(name, argv, self.directory, env)
        self.processes.append(process)
        return process

    # ---- configuration ----------------------------------------------------------------------------------------------

    def write_config(self, links_and_devices, plan="etc/plans/demo.conf", extra=""):
        plan = os.path.join(ROOT, plan) if not os.path.isabs(plan) else plan
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(f'bedside = "{self.name}"\nplan = "{plan}"\npeople = {{ "dr.a", "dr.b" }}\n'
                    f'control {{ socket = "{self.control}" }}\n'
                    f'record {{ path = "{self.record}"\n{self.record_keys} }}\n'
                    f'publish {{ {self.publish or f"""endpoints = {{ "{self.endpoint}" }}"""} }}\n{extra}\n{links_and_devices}')
        return self.config

    def map(self, name):
        return os.path.join(ROOT, "etc/devices", name + ".conf")

    # ---- processes --------------------------------------------------------------------------------------------------

    def start_sim(self, *arguments):
        sim = self.start("vitals-sim", [os.path.join(BUILD, "vitals-sim"), *arguments])
        wait_for(lambda: "ready" in sim.out().split() or not sim.running(), "vitals-sim ready", seen=sim.err)
        assert sim.running(), sim.err()
        return sim

    def start_daemon(self, env=None, ready=True, wrapper=(), arguments=()):
        """Starts vitalsd with a service manager of ours; waits for READY=1 and for the first state that commands can get."""
        if not hasattr(self, "manager"):
            self.manager = DatagramSink(self.path("notify"))
            self.sinks.append(self.manager)
        seen = len(self.manager.seen)
        environment = {"NOTIFY_SOCKET": self.manager.path, "WATCHDOG_USEC": "2000000", **(env or {})}
        self.daemon = self.start("vitalsd", [*wrapper, os.path.join(BUILD, "vitalsd"), "--config", self.config, "--stderr",
                                             *arguments], environment)
        if ready:
            wait_for(lambda: any("READY=1" in m for m in self.manager.seen[seen:]) or not self.daemon.running(),
                     "READY=1", seen=lambda: self.daemon.err()[-2000:])
            assert self.daemon.running(), self.daemon.err()
            wait_for(lambda: self.request(status=pb.Empty()).HasField("snapshot"), "the first state")
        return self.daemon

    def subscribe(self, endpoint=None):
        subscriber = Subscriber(self.context, endpoint or self.endpoint, self.name)
        self.subscribers.append(subscriber)
        subscriber.wait("heartbeat")
        return subscriber

    def log_sink(self):
        """A log daemon of ours at /dev/log, in a mount namespace that only the daemon sees; the machine's log stays alone."""
        sink = DatagramSink(self.path("log"))
        self.sinks.append(sink)
        dev = self.path("dev")
        os.mkdir(dev)
        script = (f'mount -t tmpfs tmpfs "{dev}" && for n in null zero random urandom; do : >"{dev}/$n" && '
                  f'mount --bind /dev/$n "{dev}/$n" || exit 1; done; mkdir "{dev}/pts" && mount --rbind /dev/pts "{dev}/pts" && '
                  f'ln -s "{sink.path}" "{dev}/log" && mount --rbind "{dev}" /dev && exec "$@"')
        wrapper = ["unshare", "-m", "--propagation", "private"] + ([] if os.geteuid() == 0 else ["-r"])
        wrapper += ["/bin/sh", "-c", script, "sh"]
        probe = subprocess.run([*wrapper, "test", "-S", "/dev/log"], capture_output=True, check=False)
        if probe.returncode != 0:
            raise Skip("mount namespaces are not allowed here")
        return sink, wrapper

    def ctl(self, *arguments, expect=0):
        """Runs vitalsctl against this bedside; returns its standard output."""
        done = subprocess.run([os.path.join(BUILD, "vitalsctl"), "--socket", self.control, *arguments],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == expect, \
            f"vitalsctl {' '.join(arguments)}: exit {done.returncode}, not {expect}: {done.stdout}{done.stderr}"
        return done.stdout

    def ctl_json(self, *arguments):
        return [json.loads(line) for line in self.ctl("--json", *arguments).splitlines()]

    def request(self, **command):
        """One request on the control socket, packed by hand as a stranger would."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(PATIENCE_S)
            s.connect(self.control)
            request = pb.Request(id=7)
            for name, value in command.items():
                getattr(request, name).CopyFrom(value)
            s.send(request.SerializeToString())
            response = pb.Response()
            response.ParseFromString(s.recv(196608))
            assert response.id == 7
            return response

    def records(self, kind=None):
        if not os.path.exists(self.record):
            return []
        database = sqlite3.connect(f"file:{self.record}?mode=ro", uri=True, timeout=PATIENCE_S)
        try:
            rows = database.execute("SELECT seq, severity, kind, text, hash FROM record ORDER BY seq").fetchall()
        finally:
            database.close()
        return [row for row in rows if kind is None or row[2] == kind]

    def wait_record(self, kind, *parts):
        """The text of the last row of this kind that has all the parts. What nobody was answered for is written some time
        after a display has heard of it."""
        def rows():
            return [row[3] for row in self.records(kind) if all(part in row[3] for part in parts)]
        wait_for(rows, f"a row of kind {kind} with {', '.join(parts)} on the record",
                 seen=lambda: [row[3] for row in self.records(kind)][-5:])
        return rows()[-1]

    def publisher_pid(self):
        """The publisher child of the daemon, from the kernel's list of its children."""
        path = f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children"
        with open(path, encoding="ascii") as f:
            children = f.read().split()
        return int(children[0]) if children else None
