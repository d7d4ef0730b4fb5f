#!/usr/bin/python3
"""What vitalsd does when a system call fails: a short real course (start, an oximeter, a session, an alarm, its
acknowledgement, the end of the publisher child, a note, stop), again and again, each time with another call failing once
(nth.c). Whatever fails and whenever:

- it does not crash;
- a start that fails says why, exits with 1, and leaves nothing behind that keeps the next one from succeeding;
- a monitor that has started goes on: values, heartbeats and alarms reach a display, and the alarm about what has failed
  ends; a command may be refused, with words, and then works when it is given again;
- what was answered "done" is on the record, whose chain has no hole;
- it stops when it is told to, without a complaint unless the call failed while it stopped.

usage: run.py [--all] [KIND[:N]...]   without --all the first few calls of each kind; exits 1 if a course went wrong"""
import concurrent.futures
import contextlib
import errno
import io
import os
import signal
import subprocess
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))
from harness import BUILD, PATIENCE_S, Bedside, pb, wait_for  # noqa: E402

SHIM = os.path.join(BUILD, "tests/fault/nth.so")
AT_ONCE = int(os.environ.get("VITALS_TEST_AT_ONCE", "0")) or 6 * len(os.sched_getaffinity(0))
KINDS = {
    "socket": "EMFILE", "socketpair": "EMFILE", "bind": "EACCES", "listen": "EADDRINUSE", "connect": "EAGAIN",
    "accept4": "EMFILE", "getsockopt": "ENOBUFS", "setsockopt": "ENOBUFS", "send": "ENOBUFS", "sendto": "EAGAIN",
    "sendmsg": "ENOBUFS", "recv": "ECONNRESET", "eventfd": "EMFILE", "signalfd": "EMFILE", "poll": "EINTR", "ppoll": "EINTR",
    "pthread_create": "EAGAIN", "posix_spawn": "EAGAIN", "clock-step": "0", "sqlite-open": "EMFILE", "sqlite-read": "EIO",
    "sqlite-write": "ENOSPC", "sqlite-sync": "EIO", "sqlite-truncate": "EIO", "sqlite-map": "ENOMEM", "sqlite-lock": "ENOLCK",
}
# What a monitor that has started must have put on the record about it (kind, part of the text), besides going on.
TOLD = {"sendmsg": ("notice", "publisher-"), "clock-step": ("alarm", 'condition="clock-stepped"')}
SAMPLE = (1, 2, 5)
# All of them: each of the first ones, then in steps that grow; calls that come hundreds of times do the same thing.
EVERY, GROWTH, MOST = 24, 1.25, 3000


class Course:
    """One course with one fault."""

    def __init__(self, bedside, kind, n):
        self.bedside = bedside
        self.log = bedside.path("fault")
        error = KINDS[kind]
        self.env = {"LD_PRELOAD": SHIM, "FAULT_CALL": kind, "FAULT_NTH": str(n), "FAULT_LOG": self.log,
                    "FAULT_ERRNO": str(getattr(errno, error, 0)),
                    "ASAN_OPTIONS": "verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")}
        self.done = []

    def happened(self):
        return os.path.exists(self.log)

    def state(self):
        with contextlib.suppress(OSError, AssertionError):  # the socket's own calls may be the ones that fail
            return self.bedside.request(status=pb.Empty()).snapshot
        return pb.Snapshot()

    def order(self, achieved, *arguments):
        """Gives a command until it is done; what is refused must be said in words."""
        def given():
            told = subprocess.run([os.path.join(BUILD, "vitalsctl"), "--socket", self.bedside.control, *arguments],
                                  capture_output=True, text=True, timeout=PATIENCE_S, check=False)
            if told.returncode == 0:
                self.done.append(arguments)
                return True
            assert told.returncode > 0 and told.stderr.strip(), (arguments, told)
            return achieved(self.state())  # carried out, though not recorded in time
        wait_for(given, f"vitalsctl {' '.join(arguments)}", seen=lambda: self.bedside.daemon.err()[-500:])

    def begin(self):
        """True if it has started."""
        daemon = self.bedside.start_daemon(self.env, ready=False)
        wait_for(lambda: not daemon.running() or any("READY=1" in m for m in self.bedside.manager.seen), "READY or an end",
                 seen=lambda: daemon.err()[-500:])
        self.early = self.happened()  # before anything was judged: nothing has to be told
        if daemon.running():
            return True
        assert self.happened(), f"it did not start, and nothing had failed: {daemon.err()}"
        assert daemon.popen.returncode == 1, f"exit {daemon.popen.returncode}: {daemon.err()}"
        assert any(line.startswith("vitalsd: ") and len(line) > 15 for line in daemon.err().splitlines()), daemon.err()
        self.bedside.start_daemon()  # as the service manager does
        self.bedside.subscribe().wait_value("spo2")
        assert self.bedside.daemon.stop() == 0, self.bedside.daemon.err()
        return False

    def run(self, sim):
        display = self.bedside.subscribe()
        display.wait_value("spo2")
        self.order(lambda s: s.session.open, "session", "open", "--patient", "P-F")
        sim.say("event desaturation 80 over 0 for 3600")
        display.wait_alarm("O3", "raised")
        self.order(lambda s: any(a.condition == "O3" and a.state == pb.ALARM_STATE_ACKNOWLEDGED for a in s.alarm),
                   "alarm", "ack", "O3")
        display.wait_alarm("O3", "acknowledged")
        # One more fault, of a known kind: what has to be started anew goes through the same calls as at the start.
        child = wait_for(self.bedside.publisher_pid, "the publisher child")
        mark, epoch = display.mark(), display.messages[-1][2].epoch
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        wait_for(lambda: any(m.epoch != epoch for _, _, m in display.messages[mark:]), "a new epoch", seen=display.seen)
        self.order(lambda s: False, "observe", "--note", "last-words")
        if self.happened() and not self.early and self.env["FAULT_CALL"] in TOLD:
            self.bedside.wait_record(*TOLD[self.env["FAULT_CALL"]])
        wait_for(lambda: (s := self.state()).session.open and not any(a.condition.startswith("service-") for a in s.alarm),
                 "the end of every technical alarm", seen=lambda: [a.condition for a in self.state().alarm])
        display.wait("heartbeat", display.mark())
        display.wait_value("spo2", display.mark())
        assert self.bedside.daemon.running()

    def end(self):
        before = self.happened()
        code = self.bedside.daemon.stop()
        said = self.bedside.daemon.err()
        assert code == 0 or (code == 1 and self.happened() and not before), f"exit {code}: {said[-2000:]}"
        rows = self.bedside.records()
        assert [row[0] for row in rows] == list(range(1, len(rows) + 1)), "the chain has a hole"
        for arguments, kind, part in ((("session", "open"), "command", 'command="session-open"'),
                                      (("alarm", "ack"), "command", 'command="alarm-acknowledge-shown"'),
                                      (("observe", "--note"), "observation", 'note="last-words"')):
            if any(done[:2] == arguments for done in self.done):
                assert any(part in row[3] for row in rows if row[2] == kind), f"{part} was done, and is not recorded: {rows}"


def course(kind, n):
    """In a worker: "went on", "refused", "not reached" or "FAILED", and what was printed."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        try:
            with Bedside() as bedside:
                bedside.write_config(f'link "line" {{ type = "serial"  port = "{bedside.path("oximeter")}" }}\n'
                                     'device "oximeter" { link = "line"  driver = "masimo-ascii1" }\n')
                sim = bedside.start_sim("--seed", "7", "--oximeter-pty", bedside.path("oximeter"))
                one = Course(bedside, kind, n)
                if not one.begin():
                    return "refused", ""
                one.run(sim)
                one.end()
                return ("went on" if one.happened() else "not reached"), ""
        except Exception:  # one that goes wrong must not stop the others
            traceback.print_exc()
    return "FAILED", out.getvalue()


def numbers(everything):
    if not everything:
        return list(SAMPLE)
    found, n = [], 1
    while n <= MOST:
        found.append(n)
        n = n + 1 if n < EVERY else int(n * GROWTH)
    return found


def main(words):
    everything = "--all" in words
    wanted = [word for word in words if not word.startswith("-")]
    waiting = {}  # of each kind the numbers that are still to be tried
    for kind in KINDS:
        for word in wanted or [kind]:
            name, _, n = word.partition(":")
            if name == kind:
                waiting.setdefault(kind, []).extend([int(n)] if n else numbers(everything))
    counts, running = {"went on": 0, "refused": 0, "not reached": 0, "FAILED": 0}, {}
    with concurrent.futures.ProcessPoolExecutor(AT_ONCE) as pool:
        while running or any(waiting.values()):
            # The kinds by turns, so that few are tried behind the last that is reached.
            for kind in sorted(waiting, key=lambda k: sum(other == k for other, _ in running.values())):
                if len(running) < AT_ONCE and waiting[kind]:
                    n = waiting[kind].pop(0)
                    running[pool.submit(course, kind, n)] = kind, n
            finished, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in finished:
                kind, n = running.pop(future)
                outcome, printed = future.result()
                counts[outcome] += 1
                if outcome == "not reached":
                    waiting[kind] = []
                print(f"{printed}{kind} {n} ({KINDS[kind]}): {outcome}", flush=True)
    passed = counts["went on"] + counts["refused"]
    print(f"{counts['went on']} went on, {counts['refused']} refused to start and said why, {counts['not reached']} not reached")
    print(f"fault: {passed} passed, {counts['FAILED']} failed")
    return 0 if counts["FAILED"] == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
