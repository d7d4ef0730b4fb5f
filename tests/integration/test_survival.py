"""What links survive: every misbehaviour of a device, an adapter or a network, with the real daemon.

For each: never a wrong value, a technical alarm within its bound, and recovery without a restart. Each misbehaving device
is the only provider of one parameter, so six of them are watched by one daemon at the same time."""
import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import time

from harness import BUILD, PATIENCE_S, Bedside, Skip, free_port, pb, wait_for
from slaves import IDENTITY, MAP, TRUE, Farm, Oximeter, RtuSlave, RtuTcpSlave, TcpSlave, Unit

TIMEOUT_S = 0.2
PERIOD_S = 0.6
# The engine misses a value after three periods, the link an answer after its timeout; the rest is for a busy machine.
BOUND_S = 3 * PERIOD_S + TIMEOUT_S + PATIENCE_S


class Case:
    """One misbehaving device: what it does, the faults that may be told for it, of which the first must be, and how late
    its late answers are."""

    def __init__(self, name, transport, manner, faults, late_s=0.0):
        self.name, self.transport, self.manner, self.faults, self.late_s = name, transport, manner, faults.split(), late_s

    def plug(self, bedside, parameter):
        self.parameter = parameter
        self.unit = Unit(1, TRUE[parameter])
        self.unit.late_s = self.late_s
        with open(bedside.path(self.name + ".conf"), "w", encoding="utf-8") as f:
            f.write(MAP.format(parameter=parameter))
        where = f'port = "{bedside.path(self.name)}"  baud = 19200  parity = "none"'
        if self.transport == "rtu":
            self.slave = RtuSlave(bedside.path(self.name), self.unit)
        else:
            self.slave = (TcpSlave if self.transport == "tcp" else RtuTcpSlave)(self.unit)
            where = f'host = "127.0.0.1"  tcp_port = {self.slave.port}'
        return f'''
link "{self.name}" {{ type = "modbus-{self.transport}"  {where}  timeout_ms = {TIMEOUT_S * 1000:.0f} }}
device "{self.name}" {{ link = "{self.name}"  map = "{bedside.path(self.name + ".conf")}"  unit = 1
  poll_period_ms = {PERIOD_S * 1000:.0f} }}
'''

    def begin(self):
        if self.manner == "unplugged":
            self.slave.unplug()
        elif self.manner == "stranger":
            self.slave.unplug()
            self.unit.identity, self.unit.true = (0x1234, 0x9999), 29
            self.slave.plug()
        elif self.manner == "accept-then-silence":
            self.slave.answering = False
            self.slave.drop()
        else:
            self.unit.manner = self.manner

    def end(self):
        if self.manner == "close" and self.transport == "rtu" or self.manner == "unplugged":
            self.unit.manner = "good"
            self.slave.plug()
        elif self.manner == "stranger":
            self.slave.unplug()
            self.unit.identity, self.unit.true = IDENTITY, TRUE[self.parameter]
            self.slave.plug()
        self.slave.answering = True
        self.unit.manner = "good"


@contextlib.contextmanager
def monitored(cases):
    """A session in which every device works; afterwards nothing but true values may have been shown."""
    with Bedside() as bedside, contextlib.ExitStack() as stack:
        text = ""
        for case, parameter in zip(cases, TRUE):
            text += case.plug(bedside, parameter)
            stack.callback(case.slave.stop)
        bedside.write_config(text)
        bedside.start_daemon()
        display = bedside.subscribe()
        for case in cases:
            display.wait_value(case.parameter)
        bedside.ctl("session", "open", "--patient", "survivor")
        yield bedside, display
        assert bedside.daemon.running()
        assert sum("READY=1" in message for message in bedside.manager.seen) == 1, "it was started again"
        for case in cases:
            assert set(display.values(case.parameter)) == {TRUE[case.parameter] * 1000}, \
                (case.name, case.parameter, set(display.values(case.parameter)))


def survive(cases):
    with monitored(cases) as (_, display):
        mark, begun = display.mark(), time.monotonic()
        for case in cases:
            case.begin()
        for case in cases:
            display.wait_alarm("device-" + case.name, "raised", mark, BOUND_S)
        # It goes on for a while, so that it meets every state of the link, and is told for what it is.
        for case in cases:
            def told(case=case):
                return {d.fault for d in display.bodies("device", mark) if d.name == case.name} - {"none"}
            wait_for(lambda told=told, case=case: case.faults[0] in told(), f"{case.name}: {case.faults[0]}")
            # A busy machine may also keep a good answer waiting for longer than the timeout.
            assert told() <= {*case.faults, "timeout"}, (case.name, told())
            if case.manner == "stranger":
                def shown():
                    return [c.alarm.text for c in display.alarms("device-stranger", mark)]
                wait_for(lambda shown=shown: "A different device answers as stranger" in shown(), "a clear alarm")
            elif case.manner not in ("unplugged", "accept-then-silence", "close"):
                wait_for(lambda case=case: case.unit.misdeeds >= 4, "misdeeds of " + case.name)
        for case in cases:
            raised = next(t for t, _, m in display.messages[mark:] if m.WhichOneof("body") == "alarm" and
                          m.alarm.alarm.condition == "device-" + case.name)
            print(f"{case.transport} {case.name}: alarm after {raised - begun:.2f} s")
        good = display.mark()
        for case in cases:
            case.end()
        for case in cases:
            display.wait_alarm("device-" + case.name, "cleared", good)
            wait_for(lambda case=case: any(d.name == case.name and d.fault == "none" for d in display.bodies("device", good)),
                     case.name + " to be well")
            display.wait_value(case.parameter, display.mark())


def test_rtu_answers_of_wrong_form():
    survive([Case("wrong-unit", "rtu", "wrong-unit", "bad-frame"),
             Case("wrong-length", "rtu", "wrong-length", "bad-frame timeout"),
             Case("bad-crc", "rtu", "bad-check", "bad-frame"),
             Case("exception", "rtu", "exception", "exception"),
             Case("own-echo", "rtu", "echo", "bad-frame"),
             Case("garbage-before", "rtu", "garbage", "bad-frame")])


def test_rtu_answers_at_the_wrong_time():
    """Late answers come whatever has been asked meanwhile: after the timeout, while the line is drained, after that."""
    survive([Case("late", "rtu", "late", "timeout bad-frame", late_s=1.5 * TIMEOUT_S),
             Case("late-after-flush", "rtu", "late", "timeout bad-frame", late_s=3.2 * TIMEOUT_S),
             Case("late-by-a-period", "rtu", "late", "timeout bad-frame", late_s=PERIOD_S + 0.1 * TIMEOUT_S),
             Case("dribble", "rtu", "dribble", "timeout bad-frame"),
             Case("half-then-silence", "rtu", "half", "timeout bad-frame"),
             Case("silent", "rtu", "silent", "timeout")])


def test_rtu_ports_that_vanish():
    survive([Case("hang-up", "rtu", "close", "hung-up not-found"),
             Case("unplugged", "rtu", "unplugged", "hung-up not-found"),
             Case("stranger", "rtu", "stranger", "wrong-identity hung-up not-found")])


def test_tcp_answers_of_wrong_form():
    survive([Case("wrong-unit", "tcp", "wrong-unit", "bad-frame"),
             Case("wrong-length", "tcp", "wrong-length", "bad-frame timeout"),
             Case("wrong-transaction", "tcp", "bad-check", "bad-frame"),
             Case("exception", "tcp", "exception", "exception"),
             Case("own-echo", "tcp", "echo", "bad-frame timeout"),
             Case("garbage-before", "tcp", "garbage", "bad-frame timeout")])


def test_tcp_answers_at_the_wrong_time():
    survive([Case("late", "tcp", "late", "timeout bad-frame", late_s=1.5 * TIMEOUT_S),
             Case("late-after-flush", "tcp", "late", "timeout bad-frame", late_s=3.2 * TIMEOUT_S),
             Case("dribble", "tcp", "dribble", "timeout bad-frame"),
             Case("half-then-silence", "tcp", "half", "timeout bad-frame"),
             Case("accept-then-silence", "tcp", "accept-then-silence", "timeout hung-up"),
             Case("silent", "tcp", "silent", "timeout")])


def test_tcp_connections_that_vanish():
    survive([Case("hang-up", "tcp", "close", "hung-up not-found"),
             Case("unplugged", "tcp", "unplugged", "not-found hung-up"),
             Case("stranger", "tcp", "stranger", "wrong-identity hung-up not-found")])


def test_rtu_over_tcp_of_bad_manners():
    survive([Case("wrong-unit", "rtu-tcp", "wrong-unit", "bad-frame"),
             Case("bad-crc", "rtu-tcp", "bad-check", "bad-frame"),
             Case("own-echo", "rtu-tcp", "echo", "bad-frame"),
             Case("late-by-a-period", "rtu-tcp", "late", "timeout bad-frame", late_s=PERIOD_S + 0.1 * TIMEOUT_S),
             Case("hang-up", "rtu-tcp", "close", "hung-up not-found"),
             Case("stranger", "rtu-tcp", "stranger", "wrong-identity hung-up not-found")])


def test_simulated_cuff_of_bad_manners():
    """The same with the simulator's cuff, whose determinations come in pairs that must stay together."""
    with Bedside() as bedside:
        bedside.write_config(f'''
link "bp-bus" {{ type = "modbus-rtu"  port = "{bedside.path("cuff")}"  baud = 19200  parity = "none"  timeout_ms = 300 }}
device "cuff" {{ link = "bp-bus"  map = "{bedside.map("vitals-sim-cuff")}"  unit = 1  poll_period_ms = 400 }}
''')
        sim = bedside.start_sim("--seed", "3", "--cuff-pty", bedside.path("cuff"), "--print-truth", "--speed", "60")
        bedside.start_daemon()
        display = bedside.subscribe()
        display.wait_device("cuff", "up")
        bedside.ctl("session", "open", "--patient", "manners-2")
        display.wait_value("nibp_sys")
        for manner in ("late cuff 700", "late cuff 1100", "dribble cuff 40", "wrong-unit cuff", "wrong-length cuff",
                       "bad-crc cuff", "garbage cuff", "cut cuff", "echo cuff", "hang cuff 3", "exception cuff",
                       "cable-pull cuff", "wrong-identity cuff"):
            mark = display.mark()
            if manner.startswith("wrong-identity"):  # told by the next connect
                sim.say("event cable-pull cuff")
                display.wait_device("cuff", "down", mark)
                sim.say("event " + manner)
                sim.say("event cable-plug cuff")
                display.wait_device("cuff", "refused", mark)
            else:
                sim.say("event " + manner)
            display.wait_alarm("device-cuff", "raised", mark)
            back = display.mark()
            sim.say("event normal cuff")
            sim.say("event cable-plug cuff")
            wait_for(lambda: any(d.name == "cuff" and d.state == pb.DEVICE_STATE_UP
                                 for d in display.bodies("device", back)), "recovery from: " + manner)
            display.wait_alarm("device-cuff", "cleared", mark)
        before = display.mark()
        bedside.ctl("cuff", "start")
        display.wait_value("nibp_sys", before)
        determined = [json.loads(line) for line in sim.out().splitlines() if line.startswith("{")]
        true = {(row["cuff_sys"], row["cuff_dia"]) for row in determined if row.get("cuff_sys") is not None}
        wait_for(lambda: len(display.values("nibp_sys")) == len(display.values("nibp_dia")), "whole determinations")
        for pair in zip(display.values("nibp_sys"), display.values("nibp_dia")):
            assert (pair[0] // 1000, pair[1] // 1000) in true, (pair, true)


def test_slow_device_is_waited_for():
    """An answer that takes more than half a second is no failure where the timeout allows it."""
    with Bedside() as bedside, contextlib.ExitStack() as stack:
        text = ""
        for name, transport, parameter in (("slow-rtu", "rtu", "ecg_hr"), ("slow-tcp", "tcp", "resp")):
            case = Case(name, transport, "slow", "none", late_s=0.6)
            text += case.plug(bedside, parameter).replace("timeout_ms = 200", "timeout_ms = 4000") \
                .replace("poll_period_ms = 600", "poll_period_ms = 9000")
            case.begin()
            stack.callback(case.slave.stop)
        bedside.write_config(text)
        bedside.start_daemon()
        display = bedside.subscribe()
        bedside.ctl("session", "open", "--patient", "slow")
        for parameter in ("ecg_hr", "resp"):
            wait_for(lambda parameter=parameter: len(display.values(parameter)) >= 2, "two values of " + parameter)
            assert set(display.values(parameter)) == {TRUE[parameter] * 1000}
        assert not [d for d in display.bodies("device") if d.fault != "none"]


def test_dead_units_starve_nobody():
    """Three of four units on one bus say nothing, each costs its timeout and the line's rest; the fourth stays current."""
    with Bedside() as bedside:
        units = [Unit(n + 1, TRUE[parameter]) for n, parameter in enumerate(list(TRUE)[:4])]
        slave = RtuSlave(bedside.path("bus"), *units)
        try:
            text = f'''
link "bus" {{ type = "modbus-rtu"  port = "{bedside.path("bus")}"  baud = 19200  parity = "none"  timeout_ms = 400 }}
'''
            for unit, parameter in zip(units, TRUE):
                with open(bedside.path(parameter + ".conf"), "w", encoding="utf-8") as f:
                    f.write(MAP.format(parameter=parameter))
                text += f'device "{parameter}" {{ link = "bus"  map = "{bedside.path(parameter + ".conf")}"' \
                        f'  unit = {unit.number}  poll_period_ms = 2000 }}\n'
            bedside.write_config(text)
            bedside.start_daemon()
            display = bedside.subscribe()
            for parameter in list(TRUE)[:4]:
                display.wait_value(parameter)
            bedside.ctl("session", "open", "--patient", "starving")
            alive, dead = list(TRUE)[0], list(TRUE)[1:4]
            mark = display.mark()
            for unit in units[1:]:
                unit.manner = "silent"
            for name in dead:
                display.wait_alarm("device-" + name, "raised", mark)
                display.wait_device(name, "down", mark)
            wait_for(lambda: all(unit.misdeeds >= 5 for unit in units[1:]), "five unanswered questions to each")
            wait_for(lambda: len(display.values(alive, mark)) >= 5, "five values of the fourth", seen=display.seen)
            assert not display.alarms("device-" + alive, mark) and not display.alarms("missing-" + alive, mark)
            assert all(r.WhichOneof("result") == "milli" for r in display.readings(alive, mark))
            back = display.mark()
            for unit in units[1:]:
                unit.manner = "good"
            for name in dead:
                display.wait_alarm("device-" + name, "cleared", back)
            for parameter in list(TRUE)[:4]:
                assert set(display.values(parameter)) == {TRUE[parameter] * 1000}
        finally:
            slave.stop()


# ---- ports --------------------------------------------------------------------------------------------------------------


def cpu_s(pid):
    """Processor time of all threads of a process so far."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total / 1e9


def assert_idle(bedside, display, what):
    """A thread that spins takes a whole core; one that waits, a few thousandths of it."""
    mark, before, begun = display.mark(), cpu_s(bedside.daemon.pid), time.monotonic()
    wait_for(lambda: len(display.bodies("heartbeat", mark)) >= 7, "three seconds")
    share = (cpu_s(bedside.daemon.pid) - before) / (time.monotonic() - begun)
    print(f"{what}: {share * 100:.2f} % of a core")
    assert share < 0.2, f"{what}: {share * 100:.0f} % of a core"


def test_absent_ports_cost_nothing():
    with Bedside() as bedside, contextlib.ExitStack() as stack:
        cuff = Case("cuff", "rtu", "unplugged", "")
        text = cuff.plug(bedside, "ecg_hr")
        gateway = Case("gateway", "tcp", "unplugged", "")
        text += gateway.plug(bedside, "resp")
        served, line = Oximeter(), Oximeter(bedside.path("line"))
        for device in (cuff.slave, gateway.slave, served, line):
            stack.callback(device.stop)
        text += f'''
link "line" {{ type = "serial"  port = "{bedside.path("line")}" }}
device "line" {{ link = "line"  driver = "masimo-ascii1" }}
link "served" {{ type = "raw-tcp"  host = "127.0.0.1"  tcp_port = {served.port} }}
device "served" {{ link = "served"  driver = "masimo-ascii1"  use = false }}
'''
        bedside.write_config(text)
        bedside.start_daemon()
        display = bedside.subscribe()
        names = ("cuff", "gateway", "line", "served")
        for name in names:
            display.wait_device(name, "up")
        assert_idle(bedside, display, "all four devices work")
        mark = display.mark()
        cuff.begin()
        gateway.begin()
        line.unplug()
        served.stop()
        for name in names:
            display.wait_device(name, "down", mark)
        assert_idle(bedside, display, "all four ports are gone")
        cuff.end()
        gateway.end()
        line.plug()
        for name in names[:3]:
            display.wait_device(name, "up", mark)


def test_replug_under_other_tty_names():
    """Two adapters behind links as udev makes them (by-id and by-path) change their tty names, and strangers get the old
    names: they are left alone."""
    with Bedside() as bedside, contextlib.ExitStack() as stack:
        by_id, by_path = bedside.path("by-id"), bedside.path("by-path")
        os.mkdir(by_id)
        os.mkdir(by_path)
        unit = Unit(1, TRUE["ecg_hr"])
        bus = RtuSlave(by_id + "/usb-FTDI_FT232R_USB_UART_A10K1234-if00-port0", unit)
        line = Oximeter(by_path + "/pci-0000:00:14.0-usb-0:2.1:1.0-port0")
        stack.callback(bus.stop)
        stack.callback(line.stop)
        with open(bedside.path("map.conf"), "w", encoding="utf-8") as f:
            f.write(MAP.format(parameter="ecg_hr"))
        bedside.write_config(f'''
link "bus" {{ type = "modbus-rtu"  port = "{bus.path}"  parity = "none"  timeout_ms = 200 }}
device "bus" {{ link = "bus"  map = "{bedside.path("map.conf")}"  unit = 1  poll_period_ms = 600 }}
link "line" {{ type = "serial"  port = "{line.path}" }}
device "line" {{ link = "line"  driver = "masimo-ascii1" }}
''')
        bedside.start_daemon()
        display = bedside.subscribe()
        display.wait_value("ecg_hr")
        display.wait_value("spo2")
        bedside.ctl("session", "open", "--patient", "replug")
        mark, old = display.mark(), [bus.tty, line.tty]
        bus.unplug()
        line.unplug()
        for name in ("bus", "line"):
            display.wait_device(name, "down", mark)
            display.wait_alarm("device-" + name, "raised", mark)
        decoys = [pty.openpty() for _ in range(6)]
        for fd in (fd for pair in decoys for fd in pair):
            stack.callback(os.close, fd)
        names = [os.ttyname(hold) for _, hold in decoys]
        for name in old:
            if name not in names:
                raise Skip("another program took the name of the tty")
        bus.plug()
        line.plug()
        assert bus.tty not in old and line.tty not in old
        for name, parameter in (("bus", "ecg_hr"), ("line", "spo2")):
            display.wait_alarm("device-" + name, "cleared", mark)
            display.wait_value(parameter, display.mark())
        asked = [master for master, _ in decoys if select.select([master], [], [], 0)[0]]
        assert not asked, "a stranger was asked"
        assert set(display.values("ecg_hr")) == {72000} and set(display.values("spo2")) == {97000}


def test_port_has_one_user():
    """A second daemon on the same ports says that they are locked, disturbs nothing, and takes over when they are free."""
    with Bedside("room-t") as first, Bedside("room-u") as second, contextlib.ExitStack() as stack:
        case = Case("bus", "rtu", "good", "")
        text = case.plug(first, "ecg_hr")
        line = Oximeter(first.path("line"))
        stack.callback(case.slave.stop)
        stack.callback(line.stop)
        text += f'''
link "line" {{ type = "serial"  port = "{first.path("line")}" }}
device "line" {{ link = "line"  driver = "masimo-ascii1" }}
'''
        displays = []
        for bedside in (first, second):
            bedside.write_config(text)
            bedside.start_daemon()
            displays.append(bedside.subscribe())
            if bedside is first:
                displays[0].wait_value("ecg_hr")
                displays[0].wait_value("spo2")
        for name in ("bus", "line"):
            wait_for(lambda name=name: any(d.name == name and d.fault == "locked" for d in displays[1].bodies("device")) or
                     any(d.name == name and d.fault == "locked" for s in displays[1].bodies("snapshot") for d in s.device),
                     f"{name} locked")
        mark = displays[0].mark()
        for parameter in ("ecg_hr", "spo2"):
            wait_for(lambda parameter=parameter: len(displays[0].values(parameter, mark)) >= 3, "the first one going on")
            assert not displays[1].values(parameter)
        assert not [d for d in displays[0].bodies("device", mark) if d.fault not in ("none", "timeout")]
        first.daemon.stop()
        displays[1].wait_value("ecg_hr")
        displays[1].wait_value("spo2")


# ---- streaming devices, serial device servers ------------------------------------------------------------------------------


def test_streaming_device_of_bad_manners():
    with Bedside() as bedside:
        line = Oximeter(bedside.path("line"))
        try:
            bedside.write_config(f'''
link "line" {{ type = "serial"  port = "{line.path}" }}
device "line" {{ link = "line"  driver = "masimo-ascii1"  serial_number = "{line.number}" }}
''')
            bedside.start_daemon()
            display = bedside.subscribe()
            display.wait_value("spo2")
            bedside.ctl("session", "open", "--patient", "line")
            # Another one of the same make, perhaps of another patient, is plugged in.
            own = line.number
            mark = display.mark()
            line.unplug()
            display.wait_device("line", "down", mark)
            line.number, line.spo2 = "0000054321", 88
            line.plug()
            display.wait_device("line", "refused", mark)
            assert display.wait_alarm("device-line", "raised", mark).text
            wait_for(lambda: any("A different device answers as line" in a.text for s in display.bodies("snapshot", mark)
                                 for a in s.alarm) or any("A different device answers as line" in c.alarm.text
                                                          for c in display.alarms("device-line", mark)), "a clear alarm")
            line.number, line.spo2 = own, 97
            display.wait_alarm("device-line", "cleared", mark)
            display.wait_value("spo2", display.mark())
            for manner in ("half", "stranger", "silent"):
                mark = display.mark()
                line.manner = manner
                display.wait_alarm("device-line", "raised", mark)
                line.manner = "good"
                display.wait_alarm("device-line", "cleared", mark)
                display.wait_value("spo2", display.mark())
            mark, said = display.mark(), line.said
            line.manner = "garbage"
            wait_for(lambda: line.said >= said + 4, "garbage before each line")
            line.manner = "good"
            wait_for(lambda: display.values("spo2", mark), "a value")
            assert set(display.values("spo2")) == {97000}
        finally:
            line.stop()


def test_device_server_that_keeps_old_lines():
    """What a server sends in a row after the connect, or after a pause, was true some time ago: never shown as current."""
    with Bedside() as bedside:
        server = Oximeter()
        try:
            server.greeting = [server.line(88)] * 20
            bedside.write_config(f'''
link "server" {{ type = "raw-tcp"  host = "127.0.0.1"  tcp_port = {server.port} }}
device "server" {{ link = "server"  driver = "masimo-ascii1" }}
''')
            bedside.start_daemon()
            display = bedside.subscribe()
            display.wait_value("spo2")
            bedside.ctl("session", "open", "--patient", "server")
            for _ in range(2):
                mark = display.mark()
                before = server.connections
                server.unplug()
                wait_for(lambda n=before: server.connections > n, "another connection")
                display.wait_value("spo2", display.mark())
                assert not [d for d in display.bodies("device", mark) if d.state == pb.DEVICE_STATE_DOWN], "a close is no loss"
            mark = display.mark()
            server.manner = "silent"
            display.wait_alarm("device-server", "raised", mark)
            server.say(server.line(88) * 20)
            server.manner = "good"
            display.wait_alarm("device-server", "cleared", mark)
            display.wait_value("spo2", display.mark())
            assert set(display.values("spo2")) == {97000}, set(display.values("spo2"))
        finally:
            server.stop()


def test_half_open_connections_are_noticed():
    """The network goes away without a word: no hang-up, no refusal, only silence. In a network namespace of its own, so
    that the loop-back interface can be taken down under both ends."""
    wrapper = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    if subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode != 0:
        raise Skip("network namespaces are not allowed here")
    with Bedside() as bedside:
        bedside.write_config(f'''
link "server" {{ type = "raw-tcp"  host = "127.0.0.1"  tcp_port = 4001 }}
device "oximeter" {{ link = "server"  driver = "masimo-ascii1" }}
link "gateway" {{ type = "modbus-tcp"  host = "127.0.0.1"  tcp_port = 1502  timeout_ms = 300 }}
device "ecg" {{ link = "gateway"  map = "{bedside.map("vitals-sim-ecg")}"  unit = 1  poll_period_ms = 500 }}
''')
        bedside.start_daemon(wrapper=wrapper)
        inside = ["nsenter", f"--net=/proc/{bedside.daemon.pid}/ns/net"]
        sim = bedside.start("vitals-sim", [*inside, os.path.join(BUILD, "vitals-sim"), "--oximeter-tcp", "4001", "--ecg-tcp",
                                           "1502"])
        wait_for(lambda: "ready" in sim.out().split(), "vitals-sim ready")
        display = bedside.subscribe()
        display.wait_value("spo2")
        display.wait_value("ecg_hr")
        bedside.ctl("session", "open", "--patient", "half-open")
        mark = display.mark()
        subprocess.run([*inside, "ip", "link", "set", "lo", "down"], check=True)
        for device in ("oximeter", "ecg"):
            display.wait_alarm("device-" + device, "raised", mark)
        # Longer than keepalive or the link's own patience: the old connections must not be waited for.
        for device in ("oximeter", "ecg"):
            wait_for(lambda device=device: any(d.name == device and d.fault in ("timeout", "hung-up", "not-found")
                                               for d in display.bodies("device", mark)), device + " found dead by its link")
        gone = display.mark()
        assert_idle(bedside, display, "the network is gone")
        assert not display.values("spo2", gone) and not display.values("ecg_hr", gone)
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
        for device, parameter in (("oximeter", "spo2"), ("ecg", "ecg_hr")):
            display.wait_alarm("device-" + device, "cleared", gone)
            display.wait_value(parameter, display.mark())


# ---- many links -----------------------------------------------------------------------------------------------------------


def test_one_bad_link_of_32_disturbs_no_other():
    """One hangs, one comes and goes every second, one dribbles; the other 29 go on being polled and never alarm. How
    exactly in time is for `make bench`."""
    bad = {0: "hung", 1: "flapping", 2: "dribbling"}
    others = set(range(32)) - set(bad)
    farm = Farm(32)

    def polled(times, what):
        asked = [len(farm.polls[i]) for i in range(32)]
        wait_for(lambda: all(len(farm.polls[i]) >= asked[i] + times for i in others), f"{times} polls of each {what}",
                 seen=lambda: [len(farm.polls[i]) - asked[i] for i in range(32)])
    try:
        with Bedside() as bedside:
            with open(bedside.path("map.conf"), "w", encoding="utf-8") as f:
                f.write(MAP.format(parameter="ecg_hr"))
            bedside.write_config("".join(f'''
link "l{i}" {{ type = "modbus-tcp"  host = "127.0.0.1"  tcp_port = {port}  timeout_ms = 200 }}
device "d{i}" {{ link = "l{i}"  map = "{bedside.path("map.conf")}"  unit = 1  poll_period_ms = 250
  use = {"true" if i == 3 else "false"} }}''' for i, port in enumerate(farm.ports)))
            farm.start()
            bedside.start_daemon()
            display = bedside.subscribe()
            for i in range(32):
                display.wait_device(f"d{i}", "up")
            bedside.ctl("session", "open", "--patient", "many")
            mark = display.mark()
            polled(10, "in undisturbed time")
            for i, manner in bad.items():
                farm.manners[i] = manner
            for i in bad:
                display.wait_alarm(f"device-d{i}", "raised", mark)
            flaps = farm.flaps
            polled(30, "beside the bad ones")
            wait_for(lambda: farm.flaps >= flaps + 5, "five comings and goings")
            for i in others:
                assert not display.alarms(f"device-d{i}"), f"d{i} was disturbed"
            assert set(display.values("ecg_hr")) == {23000}
    finally:
        farm.stop()


# ---- the monitor itself ----------------------------------------------------------------------------------------------------


def small_bedside(bedside):
    """No device is there; the monitor runs all the same."""
    bedside.write_config(f'''
link "line" {{ type = "serial"  port = "{bedside.path("none")}" }}
device "line" {{ link = "line"  driver = "masimo-ascii1" }}
''')


def crash_again_and_again(endpoint):
    """kill -9, and started again at once as the service manager does: the publisher child of the one before may still be
    on its way out, and that is nobody's alarm."""
    with Bedside() as bedside:
        bedside.endpoint = endpoint or bedside.endpoint
        small_bedside(bedside)
        bedside.start_daemon()
        display = bedside.subscribe()
        for _ in range(4):
            orphan = wait_for(bedside.publisher_pid, "the publisher child")
            bedside.daemon.stop(signal.SIGKILL)
            mark = display.mark()
            bedside.start_daemon()
            wait_for(lambda mark=mark: len(display.bodies("heartbeat", mark)) >= 4, "two seconds of heartbeats")
            assert not os.path.exists(f"/proc/{orphan}"), "the orphan lives on"
        assert not any(a.condition == "service-publisher" for s in display.bodies("snapshot") for a in s.alarm)
        wait_for(lambda: len(bedside.records("start")) == 5, "five starts on the record")
        assert not display.alarms("service-publisher")
        assert not [row[3] for row in bedside.records() if "publisher" in row[3]], bedside.records()


def test_crash_raises_no_alarm_of_the_ipc_endpoint():
    crash_again_and_again(None)


def test_crash_raises_no_alarm_of_the_tcp_endpoint():
    crash_again_and_again(f"tcp://127.0.0.1:{free_port()}")


def test_two_monitors_of_one_name():
    """A configuration that was copied, with paths of its own but the name of the first: refused when the service is started
    for another name, and beside a monitor that has the name."""
    wrapper = ["unshare", "-m", "--propagation", "private", "sh", "-c",
               'mount -t tmpfs tmpfs /run && mkdir /run/vitalsd-names && exec "$@"', "sh"]
    if subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode != 0:
        raise Skip("mount namespaces are not allowed here")
    with Bedside("room-t") as first, Bedside("room-t") as second:
        small_bedside(first)
        small_bedside(second)
        refused = second.start_daemon(ready=False, arguments=("--bedside", "room-u"))
        wait_for(lambda: not refused.running(), "the end of the monitor that was started for another name")
        assert refused.popen.returncode == 3
        assert f'{second.config}:1: bedside: is "room-t", but this monitor was started for "room-u"' in refused.err()
        first.start_daemon(wrapper=wrapper, arguments=("--bedside", "room-t"))
        inside = ["nsenter", f"--mount=/proc/{first.daemon.pid}/ns/mnt"]
        for arguments in (("--bedside", "room-t"), ()):
            refused = second.start_daemon(ready=False, wrapper=inside, arguments=arguments)
            wait_for(lambda: not refused.running(), "the end of the second monitor of one name")
            assert refused.popen.returncode == 1
            assert 'a monitor of bedside "room-t" runs on this computer already' in refused.err()
        assert first.daemon.running()
        first.daemon.stop(signal.SIGKILL)
        second.start_daemon(arguments=("--bedside", "room-t"))  # here there is nowhere to claim a name: it says so
        wait_for(lambda: any("name-not-claimed" in row[3] for row in second.records("notice")) or
                 os.path.isdir("/run/vitalsd-names"), "the record of a name that could not be claimed")


def test_start_without_standard_descriptors():
    """What a library prints must not go to a descriptor of the engine: 0, 1 and 2 are taken before anything is opened."""
    with Bedside() as bedside:
        small_bedside(bedside)
        bedside.start_daemon(wrapper=["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"])
        bedside.subscribe()
        for pid in (bedside.daemon.pid, bedside.publisher_pid()):
            for fd in (0, 1, 2):
                assert os.readlink(f"/proc/{pid}/fd/{fd}") == "/dev/null", (pid, fd, os.readlink(f"/proc/{pid}/fd/{fd}"))


def test_debug_lines_of_rooms():
    """Each room that was named says something, no other does, and none of it is on the record."""
    with Bedside() as bedside:
        line = Oximeter(bedside.path("line"))
        try:
            bedside.write_config(f'''
link "line" {{ type = "serial"  port = "{line.path}" }}
device "line" {{ link = "line"  driver = "masimo-ascii1" }}
''')
            refused = bedside.start_daemon(ready=False, arguments=("--debug", "link,lnik"))
            wait_for(lambda: not refused.running(), "the end of a monitor with a wrong name of a room")
            assert refused.popen.returncode == 2
            assert "--debug link,lnik: there is no such room (legal: config, core, desk, driver," in refused.err()
            bedside.start_daemon(arguments=("--debug", "config,link", "--debug", "driver,desk,publish,record,core"))
            display = bedside.subscribe()
            display.wait_value("spo2")
            bedside.ctl("session", "open", "--patient", "debug")
            for room, text in (("config", "1 links, 1 devices"), ("link", "line: line is up, fault none"),
                               ("driver", "line: spo2 97000 thousandths"), ("desk", ": session-open"), ("desk", ": ok"),
                               ("publish", "epoch "), ("record", "entries written in"), ("core", "line is up")):
                wait_for(lambda room=room, text=text: any(text in said for said in bedside.daemon.err().splitlines()
                                                          if said.startswith(f"debug {room} ")), f"{room}: {text}")
            bedside.daemon.stop()
            assert "debug loop" not in bedside.daemon.err()
            assert not [row for row in bedside.records() if "debug" in row[2]]
        finally:
            line.stop()
