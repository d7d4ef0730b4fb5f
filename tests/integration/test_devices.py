"""Finding devices, recording what they send and reading it back: devices scan, traffic_path, decode, and the path
through the real libserialport."""
import contextlib
import fcntl
import os
import pty
import re
import shutil
import select
import socket
import stat
import subprocess
import termios
import threading
import time
import tty

from harness import BUILD, ROOT, Bedside, Skip, pb, wait_for

LINE = ("11/21/26 09:14:{:02d} SN=0000012345 SPO2=0{}% BPM=0{} PI=03.41% SPCO=--.-% SPMET=--.-% DESAT=-- PIDELTA=+-- "
        "ALARM=0000 EXC=000800\r\n")


class Talker:
    """A device on a pseudo terminal that sends a line five times a second, and notes whatever is written to it."""

    def __init__(self, make_line=lambda n: LINE.format(n % 60, 90 + n % 9, 60 + n % 30)):
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)
        self.make_line = make_line
        self.heard = b""
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._talk, daemon=True)
        self.thread.start()

    def _talk(self):
        n = 0
        while not self.stopping.wait(0.2):
            with contextlib.suppress(BlockingIOError):
                os.write(self.master, self.make_line(n).encode("latin-1"))
            n += 1
            if select.select([self.master], [], [], 0)[0]:
                self.heard += os.read(self.master, 4096)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join(5)
        os.close(self.slave)
        os.close(self.master)


def ctl(*arguments, expect=0, wrapper=(), env=None):
    done = subprocess.run([*wrapper, os.path.join(BUILD, "vitalsctl"), *arguments], capture_output=True, text=True, check=False,
                          timeout=120, env={**os.environ, **(env or {})})
    assert done.returncode == expect, f"{arguments}: exit {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def block_of(output):
    return "".join(line + "\n" for line in output.splitlines() if line and not line.startswith("#"))


# ---- scan -----------------------------------------------------------------------------------------------------------

def test_scan_recognises_a_device_and_writes_nothing():
    with Bedside() as bedside, Talker() as device:
        before = termios.tcgetattr(device.slave)
        output = ctl("devices", "scan", "--port", device.path, "--seconds", "8")
        assert "recognised: masimo-ascii1" in output, output
        assert device.heard == b"", device.heard
        assert termios.tcgetattr(device.slave) == before
        # The whole output is a piece of configuration, and it is right.
        bedside.write_config(output)
        assert "masimo-ascii1" in ctl("config", "check", bedside.config)
        assert f'port = "{device.path}"' in block_of(output)


def test_scan_gives_hints_for_what_it_does_not_know():
    with Talker(lambda n: "nothing that any driver knows\r\n") as device:
        output = ctl("devices", "scan", "--port", device.path, "--seconds", "3")
        assert "not recognised: something is sent" in output and "If it is masimo-ascii1: " in output, output
        assert block_of(output) == ""
    assert "cannot be opened" in ctl("devices", "scan", "--port", "/dev/null", expect=1)
    assert "cannot be opened" in ctl("devices", "scan", "--port", "/dev/no-such-port", expect=1)
    ctl("devices", "scan", "--seconds", "61", expect=2)


def test_scan_leaves_a_port_alone_that_somebody_holds():
    with Bedside() as bedside, Talker() as device:
        bedside.write_config(f'link "line" {{ type = "serial"  port = "{device.path}" }}\n'
                             'device "oximeter" { link = "line"  driver = "masimo-ascii1" }\n')
        bedside.start_daemon()
        display = bedside.subscribe()
        display.wait_value("spo2")
        for _ in range(3):
            output = ctl("devices", "scan", "--port", device.path, "--seconds", "1")
            assert "in use" in output and "recognised" not in output, output
        mark = display.mark()
        display.wait_value("spo2", after=mark)
        assert not [r for r in bedside.records("device") if 'state="down"' in r[3]]
    with Talker() as device:
        fcntl.flock(device.slave, fcntl.LOCK_EX)
        assert "in use" in ctl("devices", "scan", "--port", device.path, "--seconds", "1")


# ---- a device that prints its memory ----------------------------------------------------------------------------------

def test_a_printed_memory_is_not_the_patient():
    """Somebody presses PRINT on a Nellcor while the patient is at 80 %: 98 % of yesterday comes, twenty lines a second."""
    head = "N-560    VERSION 1.56.00    {}  SpO2 Limit:  85-100%    PR Limit:  40-170BPM\r\n"
    state = {"day": 14, "spo2": 80, "pause": 2.0, "head": head.format("CRC:XXXX"), "second": 0}
    master, slave = pty.openpty()
    tty.setraw(slave)
    ending = threading.Event()

    def talk():
        while not ending.wait(state["pause"]):
            now = state["second"] = state["second"] + 2
            line = f"{state['day']}-Mar-26 10:{now // 60 % 60:02d}:{now % 60:02d}    {state['spo2']}      72      20\r\n"
            line, state["head"] = state["head"] + line, ""
            os.write(master, line.encode())

    talker = threading.Thread(target=talk, daemon=True)
    try:
        with Bedside() as bedside:
            bedside.write_config(f'''
link "line" {{ type = "serial"  port = "{os.ttyname(slave)}" }}
device "oximeter" {{ link = "line"  driver = "nellcor-ascii" }}
''', plan="etc/plans/ketamine-iv.conf")
            bedside.start_daemon()
            display = bedside.subscribe()
            talker.start()
            display.wait_value("spo2")
            bedside.ctl("session", "open", "--patient", "P-1")
            raised = wait_for(lambda: [c.alarm for c in display.bodies("alarm") if c.alarm.parameter == "spo2" and
                                       c.change == pb.CHANGE_RAISED], "an alarm of the saturation", 40)[0]
            mark = display.mark()
            state.update(day=13, spo2=98, pause=0.05, head=head.format("TREND"))
            wait_for(lambda: any(r.WhichOneof("result") == "no_value" and r.no_value.reason == pb.REASON_PRINTING_MEMORY
                                 for r in display.readings("spo2", mark)), "the reason why there is no value")
            lost = display.wait_alarm(raised.condition, "reason", mark)
            assert lost.text.endswith(": lost at 80 % (the device is printing its memory)"), lost.text
            assert lost.reason == pb.REASON_PRINTING_MEMORY
            assert not [c for c in display.alarms(raised.condition, mark) if c.change == pb.CHANGE_CLEARED], "cleared by a printout"
            state.update(day=14, spo2=81, pause=2.0, head=head.format("CRC:XXXX"))
            wait_for(lambda: 81000 in display.values("spo2", mark), "the patient again")
            assert 98000 not in display.values("spo2")
    finally:
        ending.set()
        if talker.is_alive():
            talker.join(5)
        os.close(slave)
        os.close(master)


# ---- a device server that packs ---------------------------------------------------------------------------------------

def test_a_device_server_that_packs():
    """Three lines at once, every three seconds: each has the age that the device's clock tells, and none is lost for ever."""
    listening = socket.create_server(("127.0.0.1", 0))
    ending = threading.Event()

    def serve():
        listening.settimeout(0.2)
        n = 0
        while not ending.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    while not ending.wait(3.0):
                        connection.sendall("".join(LINE.format(i % 60, 90 + i % 9, 60 + i % 30) for i in range(n, n + 3)).encode())
                        n += 3

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    try:
        with Bedside() as bedside:
            bedside.write_config(f'''
link "server" {{ type = "raw-tcp"  host = "127.0.0.1"  tcp_port = {listening.getsockname()[1]} }}
device "oximeter" {{ link = "server"  driver = "masimo-ascii1" }}
''')
            bedside.start_daemon()
            display = bedside.subscribe()
            display.wait_value("spo2", seconds=40)
            mark = display.mark()
            wait_for(lambda: len(display.values("spo2", mark)) >= 6, "six more values", 40)
            values = [r for r in display.readings("spo2", mark) if r.WhichOneof("result") == "milli"]
            assert all(r.age_ns < 3.5e9 for r in values), values
            # Of three that come at once the youngest is shown; another one, if any, has its age.
            assert all(r.age_ns > 0.9e9 for r in values if r.milli not in (92000, 95000, 98000)), values
    finally:
        ending.set()
        server.join(5)
        listening.close()


# ---- a device that sends without end ---------------------------------------------------------------------------------

class Babbler:
    """A raw TCP device that sends lines as fast as they are taken."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.stopping = threading.Event()
        self.lines = 0
        self.thread = threading.Thread(target=self._talk, daemon=True)
        self.thread.start()

    def _talk(self):
        self.listening.settimeout(0.2)
        while not self.stopping.is_set():
            with contextlib.suppress(OSError):
                connection, _ = self.listening.accept()
                with connection:
                    connection.settimeout(0.2)
                    self._flood(connection)

    def _flood(self, connection):
        while not self.stopping.is_set():
            piece = "".join(LINE.format(n % 60, 90 + n % 9, 60 + n % 30) for n in range(self.lines, self.lines + 90)).encode()
            while piece and not self.stopping.is_set():
                with contextlib.suppress(socket.timeout):
                    piece = piece[connection.send(piece):]
            self.lines += 90

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join(5)
        self.listening.close()


def test_a_babbling_device_floods_nobody():
    with Bedside() as bedside, Babbler() as device, Talker() as other:
        bedside.write_config(f'''
link "network" {{ type = "raw-tcp"  host = "127.0.0.1"  tcp_port = {device.port} }}
device "babbler" {{ link = "network"  driver = "masimo-ascii1"  parameters = {{ spo2 }} }}
link "line" {{ type = "serial"  port = "{other.path}" }}
device "oximeter" {{ link = "line"  driver = "masimo-ascii1"  parameters = {{ pulse }} }}
''')
        bedside.start_daemon()
        display = bedside.subscribe()
        display.wait_value("spo2")
        bedside.ctl("session", "open", "--patient", "P-1")
        raised = display.wait_alarm("device-babbler", "raised", seconds=30)
        assert raised.text == "Sends far too often: device babbler" and raised.reason == pb.REASON_BABBLE, raised
        mark, lines, began = display.mark(), device.lines, time.monotonic()
        wait_for(lambda: len(display.bodies("readings", after=mark)) >= 60, "sixty messages with readings")
        seconds = time.monotonic() - began
        messages = len(display.bodies("readings", after=mark))
        # One in 50 ms, and those that come with an alarm or a cuff value.
        assert messages <= 20 * seconds + 15, (messages, seconds)
        assert device.lines - lines > 10 * messages, (device.lines - lines, messages)
        # The neighbour's values go on coming, in order; of those that reach us in one piece only the last is shown.
        mark = display.mark()
        wait_for(lambda: len(display.values("pulse", after=mark)) >= 10, "ten values of the neighbour")
        shown = display.values("pulse", after=mark)
        assert all((b - a) % 30000 in range(1000, 15001, 1000) for a, b in zip(shown, shown[1:])), shown


# ---- registers that are not what they seem ----------------------------------------------------------------------------

@contextlib.contextmanager
def registers():
    """A simulated gateway and cuff with the shipped maps, and a display of their bedside."""
    with Bedside() as bedside:
        sim = bedside.start_sim("--seed", "7", "--cuff-seconds", "4", "--cuff-failures", "0", "--cuff-tcp", "0", "--ecg-tcp", "0")
        ports = dict(re.findall(r"listening (ecg|cuff) 127\.0\.0\.1:(\d+)", sim.out()))
        bedside.write_config("".join(f'''
link "{name}-net" {{ type = "modbus-tcp"  host = "127.0.0.1"  tcp_port = {port} }}
device "{name}" {{ link = "{name}-net"  map = "{bedside.map("vitals-sim-" + name)}"  unit = 1  poll_period_ms = 700 }}
''' for name, port in ports.items()))
        bedside.start_daemon()
        display = bedside.subscribe()
        display.wait_value("ecg_hr")
        display.wait_value("etco2")
        yield bedside, sim, display


def wait_none(display, parameter, reason, after):
    wait_for(lambda: any(r.WhichOneof("result") == "no_value" and r.no_value.reason == reason
                         for r in display.readings(parameter, after)),
             f"no value of {parameter}, {pb.Reason.Name(reason)}", seen=display.seen)


def test_a_gateway_that_serves_a_dead_device():
    with registers() as (_, sim, display):
        mark = display.mark()
        sim.say("frozen ecg")
        for parameter in ("ecg_hr", "resp", "etco2"):
            wait_none(display, parameter, pb.REASON_FROZEN, mark)
        # The link is fine, and nothing else is.
        assert not [d for d in display.bodies("device", mark) if d.name == "ecg"]
        mark = display.mark()
        sim.say("normal ecg")
        display.wait_value("ecg_hr", after=mark)


def test_a_unit_that_is_switched_at_the_device():
    with registers() as (bedside, sim, display):
        mark = display.mark()
        sim.say("kpa ecg")
        wait_none(display, "etco2", pb.REASON_WRONG_SETUP, mark)
        later = display.mark()
        display.wait_value("ecg_hr", after=later)
        # About 38 mmHg are about 5 kPa.
        assert all(milli > 20000 for milli in display.values("etco2", after=mark)), display.values("etco2", after=mark)
        sim.say("normal ecg")
        display.wait_value("etco2", after=later)
        # A determination that ends while the module is set to kPa is told as one without pressures.
        bedside.ctl("session", "open", "--patient", "P-1")
        display.wait_value("nibp_sys")
        mark = display.mark()
        sim.say("kpa cuff")
        sim.say("cuff-button")
        wait_none(display, "nibp_sys", pb.REASON_WRONG_SETUP, mark)
        assert not display.values("nibp_dia", after=mark)


# ---- recording and decoding -----------------------------------------------------------------------------------------

def traffic(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def test_recorded_traffic_gives_the_values_again():
    with Bedside() as bedside:
        sim = bedside.start_sim("--seed", "7", "--speed", "60", "--cuff-failures", "0", "--oximeter-pty", bedside.path("oximeter"),
                                "--cuff-pty", bedside.path("cuff"), "--ecg-tcp", "0")
        port = re.search(r"listening ecg 127\.0\.0\.1:(\d+)", sim.out()).group(1)
        files = {name: bedside.path(name + ".traffic") for name in ("oximeter", "cuff", "ecg")}
        bedside.write_config(f'''
link "oximeter-line" {{ type = "serial"  port = "{bedside.path("oximeter")}"  traffic_path = "{files["oximeter"]}" }}
device "oximeter" {{ link = "oximeter-line"  driver = "masimo-ascii1" }}
link "bp-bus" {{ type = "modbus-rtu"  port = "{bedside.path("cuff")}"  baud = 19200  parity = "none"  traffic_path = "{files["cuff"]}" }}
device "cuff" {{ link = "bp-bus"  map = "{bedside.map("vitals-sim-cuff")}"  unit = 1  poll_period_ms = 400 }}
link "gateway" {{ type = "modbus-tcp"  host = "127.0.0.1"  tcp_port = {port}  traffic_path = "{files["ecg"]}" }}
device "ecg" {{ link = "gateway"  map = "{bedside.map("vitals-sim-ecg")}"  unit = 1  poll_period_ms = 600 }}
''')
        assert ctl("config", "check", bedside.config).count("RAW TRAFFIC with patient data is recorded in ") == 3
        bedside.start_daemon()
        display = bedside.subscribe()
        for parameter in ("spo2", "ecg_hr", "resp"):
            display.wait_value(parameter)
        bedside.ctl("session", "open", "--patient", "P-1")
        display.wait_value("nibp_sys")
        wait_for(lambda: len([r for r in bedside.records("notice") if 'what="recording-on"' in r[3]]) == 3,
                 "three notices of a recording")
        assert bedside.daemon.stop() == 0
        shown = {p: set(display.values(p)) for p in ("spo2", "pulse", "ecg_hr", "resp", "nibp_sys", "nibp_dia")}
        for name, arguments in (("oximeter", ("--driver", "masimo-ascii1")), ("cuff", ("--map", bedside.map("vitals-sim-cuff"))),
                                ("ecg", ("--map", bedside.map("vitals-sim-ecg")))):
            assert stat.S_IMODE(os.stat(files[name]).st_mode) == 0o600
            head = traffic(files[name])
            assert head.startswith("# vitalsd traffic 1") and f"# device {name}, " in head and " connected\n" in head
            times = [int(t) for t in re.findall(r"^(\d+) ", head, re.M)]
            assert len(times) > 5 and times == sorted(times)
            decoded = {}
            for line in ctl("decode", *arguments, files[name]).splitlines():
                words = re.sub(r"unit 1 ", "", line).split()
                if words[0] != "#" and len(words) == 3 and words[1] != "-":
                    decoded.setdefault(words[1], set()).add(int(words[2].replace(".", "")))
            common = set(decoded) & set(shown)
            assert common, decoded
            for parameter in common:
                assert shown[parameter] and shown[parameter] <= decoded[parameter], (parameter, shown[parameter], decoded)


def test_recording_that_fails_is_told_and_costs_nothing_else():
    with Bedside() as bedside, Talker() as device:
        nowhere = bedside.path("no/such/directory/traffic")
        bedside.write_config(f'link "line" {{ type = "serial"  port = "{device.path}"  traffic_path = "{nowhere}" }}\n'
                             'device "oximeter" { link = "line"  driver = "masimo-ascii1" }\n')
        bedside.start_daemon()
        display = bedside.subscribe()
        display.wait_value("spo2")
        wait_for(lambda: [r for r in bedside.records("notice") if 'what="recording-failed"' in r[3] and "line: " in r[3]],
                 "a notice that nothing is recorded")


def test_recording_over_a_file_of_others_is_refused():
    """With the check, and with the start; the plan that the traffic would have been appended to keeps its bytes."""
    with Bedside() as bedside, Talker() as device:
        plan = bedside.path("plan.conf")
        shutil.copy(os.path.join(ROOT, "etc/plans/demo.conf"), plan)
        with open(plan, "rb") as f:
            before = f.read()
        bedside.write_config(f'link "line" {{ type = "serial"  port = "{device.path}"  traffic_path = "{plan}" }}\n'
                             'device "oximeter" { link = "line"  driver = "masimo-ascii1" }\n', plan=plan)
        for arguments in (("--check",), ()):
            refused = bedside.start_daemon(ready=False, arguments=arguments)
            wait_for(lambda: not refused.running(), "the end of a monitor whose traffic would go to its plan")
            assert refused.popen.returncode == 3
            assert f"traffic_path: {plan} is the plan as well" in refused.err() and bedside.config in refused.err(), \
                refused.err()
        with open(plan, "rb") as f:
            assert f.read() == before


def test_decode_says_which_line_is_wrong():
    with Bedside() as bedside:
        path = bedside.path("bad")
        with open(path, "w", encoding="ascii") as f:
            f.write("# a comment\n10 < 4142\n20 < 4\n")
        assert f"{path}:3: " in ctl("decode", "--driver", "masimo-ascii1", path, expect=1)
        assert "Drivers: masimo-ascii1" in ctl("decode", "--driver", "nobody", path, expect=2)
        ctl("decode", path, expect=2)
        ctl("decode", "--driver", "masimo-ascii1", bedside.path("absent"), expect=1)
        assert "README.md:" in ctl("decode", "--map", os.path.join(ROOT, "README.md"), path, expect=1)
        assert "not recorded traffic" in ctl("decode", "--map", bedside.map("vitals-sim-ecg"), os.path.join(ROOT, "README.md"),
                                             expect=1)


# ---- the real libserialport -----------------------------------------------------------------------------------------

def adapters(bedside, talkers, serials):
    """A mount namespace in which each pseudo terminal is the USB adapter ttyUSB0, ttyUSB1, ... with its place in /sys and
    its names in /dev/serial. Returns a wrapper for commands."""
    for tool in ("unshare", "mount"):
        if subprocess.run(["sh", "-c", f"command -v {tool}"], capture_output=True, check=False).returncode != 0:
            raise Skip(f"{tool} is not here")
    shim = os.path.join(BUILD, "tests/shim/serial_pty.so")
    if not os.path.exists(shim):
        raise Skip("the shim is not built")
    root = bedside.path("adapters")
    sys_tty, dev = os.path.join(root, "sys/class/tty"), os.path.join(root, "dev")
    os.makedirs(sys_tty)
    os.makedirs(os.path.join(dev, "serial/by-id"))
    os.makedirs(os.path.join(dev, "serial/by-path"))
    os.makedirs(os.path.join(root, "sys/bus/usb-serial/drivers/ftdi_sio"))
    script = [f'mount -t tmpfs tmpfs "{bedside.path("mount")}"', f'cp -a "{root}/." "{bedside.path("mount")}"',
              f'cd "{bedside.path("mount")}/dev"',
              'for n in null zero random urandom; do : >$n && mount --bind /dev/$n $n || exit 1; done',
              'mkdir pts && mount --rbind /dev/pts pts']
    os.mkdir(bedside.path("mount"))
    for n, (talker, serial) in enumerate(zip(talkers, serials)):
        usb = os.path.join(root, f"sys/devices/pci0/usb1/1-{n + 1}")
        port = os.path.join(usb, f"1-{n + 1}:1.0/ttyUSB{n}")
        os.makedirs(os.path.join(port, f"tty/ttyUSB{n}"))
        for name, text in (("busnum", "1"), ("devnum", str(n + 5)), ("idVendor", "0403"), ("idProduct", "6001"),
                           ("manufacturer", "FTDI"), ("product", "FT232R USB UART"), *((("serial", serial),) if serial else ())):
            with open(os.path.join(usb, name), "w", encoding="ascii") as f:
                f.write(text + "\n")
        with open(os.path.join(port, "latency_timer"), "w", encoding="ascii") as f:
            f.write("16\n")
        os.symlink("../../../../../../bus/usb-serial/drivers/ftdi_sio", os.path.join(port, "driver"))
        os.symlink("../..", os.path.join(port, f"tty/ttyUSB{n}/device"))
        os.symlink(f"../../devices/pci0/usb1/1-{n + 1}/1-{n + 1}:1.0/ttyUSB{n}/tty/ttyUSB{n}", os.path.join(sys_tty, f"ttyUSB{n}"))
        os.symlink(f"../../ttyUSB{n}", os.path.join(dev, f"serial/by-path/pci-0-usb-0:{n + 1}:1.0-port0"))
        name = f"usb-FTDI_FT232R_USB_UART{'_' + serial if serial else ''}-if00-port0"
        if not os.path.lexists(os.path.join(dev, "serial/by-id", name)):
            os.symlink(f"../../ttyUSB{n}", os.path.join(dev, "serial/by-id", name))
        script += [f': >ttyUSB{n}', f'mount --bind {talker.path} ttyUSB{n}']
    script += ['mount --rbind ../sys /sys', 'cd / && mount --rbind "' + bedside.path("mount") + '/dev" /dev', 'exec "$@"']
    preload = ["env", f"LD_PRELOAD={shim}", "ASAN_OPTIONS=verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")]
    wrapper = ["unshare", "-m", "--propagation", "private"] + ([] if os.geteuid() == 0 else ["-r"])
    wrapper += ["/bin/sh", "-c", " && ".join(script), "sh", *preload]
    probe = subprocess.run([*wrapper, "test", "-e", "/sys/class/tty/ttyUSB0/device/latency_timer"], capture_output=True, text=True,
                           check=False)
    if probe.returncode != 0:
        raise Skip("mount namespaces or the preload are not allowed here: " + probe.stderr.strip()[:200])
    return wrapper


BY_ID = "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10K1234-if00-port0"


def test_oximeter_through_libserialport():
    with Bedside() as bedside, Talker() as device:
        wrapper = adapters(bedside, [device], ["A10K1234"])
        bedside.write_config(f'link "line" {{ type = "serial"  port = "{BY_ID}" }}\n'
                             'device "oximeter" { link = "line"  driver = "masimo-ascii1" }\n')
        bedside.start_daemon(wrapper=wrapper)
        display = bedside.subscribe()
        display.wait_value("spo2")
        assert set(display.values("spo2")) <= {(90 + n) * 1000 for n in range(9)}
        wait_for(lambda: [r for r in bedside.records("notice") if 'what="latency-timer"' in r[3] and "16 ms" in r[3]],
                 "the latency timer on the record")
        maps = open(f"/proc/{bedside.daemon.pid}/maps", encoding="utf-8").read()
        assert "serial_pty.so" in maps and "libserialport" in maps
        # It is the library that opened it: the lock and the library's own descriptor.
        links = [os.readlink(f"/proc/{bedside.daemon.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{bedside.daemon.pid}/fd")]
        assert sum("/dev/ttyUSB0" in link for link in links) == 2, links
        assert device.heard == b""
        state = termios.tcgetattr(device.slave)
        assert state[4] == state[5] == termios.B9600 and state[2] & termios.HUPCL == 0
        # A second program is told so, by-id path and all.
        output = ctl("devices", "scan", "--seconds", "1", wrapper=wrapper)
        assert "in use" in output and BY_ID in output, output


def test_modem_lines_that_reset_a_device_are_kept_low():
    with Bedside() as bedside, Talker(lambda n: "") as device:
        wrapper = adapters(bedside, [device], ["A10K1234"])
        log = bedside.path("modem-lines")
        env = {"SERIAL_PTY_LOG": log}
        for driver in ("masimo-ascii1", "par-nibp"):
            bedside.write_config(f'link "line" {{ type = "serial"  port = "{BY_ID}" }}\n'
                                 f'device "it" {{ link = "line"  driver = "{driver}" }}\n')
            bedside.start_daemon(env, wrapper=wrapper)
            display = bedside.subscribe()
            display.wait_device("it", "resync")
            assert bedside.daemon.stop() == 0
            with open(log, encoding="ascii") as f:
                last = f.read().splitlines()[-1]
            assert last == ("DTR 0 RTS 0" if driver == "par-nibp" else "DTR 1 RTS 1"), (driver, last)


def test_line_settings_that_a_port_does_not_keep_are_a_fault():
    with Bedside() as bedside, Talker() as device:
        wrapper = adapters(bedside, [device], ["A10K1234"])
        # A pty keeps 8 data bits whatever is asked.
        bedside.write_config(f'link "line" {{ type = "serial"  port = "{BY_ID}"  data_bits = 7 }}\n'
                             'device "oximeter" { link = "line"  driver = "masimo-ascii1" }\n')
        bedside.start_daemon(wrapper=wrapper)
        display = bedside.subscribe()
        display.wait_device("oximeter", "down")
        wait_for(lambda: [r for r in bedside.records("notice") if 'what="line-settings"' in r[3] and
                          "asked for 9600 7N1, the port keeps 9600 8N1" in r[3]], "the settings on the record")
        assert not display.values("spo2")


def test_scan_finds_a_device_that_is_set_to_another_rate():
    """A Nellcor at 19200 baud, which some units have; the driver's own rate is 9600."""
    with Bedside() as bedside:
        device = Talker(lambda n: "21-Nov-26 09:14:%02d    9%d      72      61             \r\n" % (n % 60, n % 9)
                        if termios.tcgetattr(device.slave)[5] == termios.B19200 else "")
        with device:
            output = ctl("devices", "scan", "--seconds", "8", wrapper=adapters(bedside, [device], ["A10K1234"]))
            assert "recognised: nellcor-ascii" in output and "  baud = 19200\n" in output, output
        bedside.write_config(block_of(output))
        assert "nellcor-ascii" in ctl("config", "check", bedside.config)


def test_scan_names_adapters_so_that_they_are_found_again():
    with Bedside() as bedside, Talker() as first, Talker() as second:
        output = ctl("devices", "scan", "--seconds", "8", wrapper=adapters(bedside, [first, second], ["A10K1234", "B77"]))
        assert output.count("recognised: masimo-ascii1") == 2 and "0403:6001 FTDI FT232R USB UART, serial number A10K1234" in output, output
        assert "16 ms" in output and f'port = "{BY_ID}"' in output and "_B77-if00-port0\"" in output, output
        assert 'link "masimo-ascii1-line-2"' in output
        assert first.heard == second.heard == b""
    # Two adapters without serial number share one by-id name, which means whichever was plugged in last.
    with Bedside() as bedside, Talker() as first, Talker() as second:
        output = ctl("devices", "scan", "--seconds", "8", wrapper=adapters(bedside, [first, second], ["", ""]))
        assert "not unique, not used" in output and "no serial number" in output, output
        assert re.findall(r'port = "(.*)"', output) == [f"/dev/serial/by-path/pci-0-usb-0:{n}:1.0-port0" for n in (1, 2)], output
