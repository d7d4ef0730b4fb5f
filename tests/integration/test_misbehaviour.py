"""Devices that dribble, answer late, answer for another unit or talk nonsense: never a wrong value, and recovery."""
import socket
import struct
import threading
import time

from harness import Bedside, free_port, pb, wait_for

MAP = '''
description  = "misbehaving device"
address_base = 0
identity { table = "holding"  address = 0  count = 2  expect = { 0x1234, 0x5678 } }
block "a" { table = "holding"  address = 10  count = 3 }
block "b" { table = "holding"  address = 20  count = 4 }
value "ecg_hr" { block = "a"  address = 10  type = "u16"  scale = "1" }
value "resp"   { block = "b"  address = 20  type = "u16"  scale = "1" }
'''
# What the registers hold. Anything else on the wire would be some other register's content.
REGISTERS = {0: 0x1234, 1: 0x5678, 10: 72, 11: 31, 12: 32, 20: 15, 21: 41, 22: 42, 23: 43}
TRUE = {"ecg_hr": {72000}, "resp": {15000}}


class Slave:
    """A Modbus TCP slave on bare sockets whose manners can be changed while it runs."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.manner = "good"
        self.identity = [0x1234, 0x5678]
        self.served = 0
        self.stopping = False
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def _accept(self):
        while not self.stopping:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, connection):
        connection.settimeout(0.2)
        buffer = b""
        while not self.stopping:
            try:
                data = connection.recv(260)
                if not data:
                    break
                buffer += data
            except socket.timeout:
                continue
            except OSError:
                break
            while len(buffer) >= 12:
                frame, buffer = buffer[:12], buffer[12:]
                try:
                    self._answer(connection, frame)
                except OSError:
                    return
        connection.close()

    def _answer(self, connection, frame):
        transaction, _, _, unit, function, address, count = struct.unpack(">HHHBBHH", frame)
        registers = dict(REGISTERS)
        registers[0], registers[1] = self.identity
        data = struct.pack(f">{count}H", *(registers.get(address + i, 0xDEAD) for i in range(count)))
        manner = self.manner
        if manner == "silent":
            return
        if manner == "wrong-unit":
            unit = 9
        if manner == "wrong-length":
            data = data[:-2]
        if manner == "wrong-transaction":
            transaction ^= 0x55
        pdu = struct.pack(">BB", function, len(data)) + data
        if manner == "exception":
            pdu = struct.pack(">BB", function | 0x80, 4)
        answer = struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu
        if manner == "garbage":
            answer = b"\x00\xff\x37garbage" + answer
        if manner == "half":
            answer = answer[: len(answer) // 2]
        if manner == "late":
            time.sleep(0.45)  # longer than the daemon's timeout: the device's manner, not a synchronisation
        if manner == "dribble":
            for byte in answer:
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
        elif manner == "close":
            connection.close()
            raise OSError
        else:
            connection.sendall(answer)
        self.served += 1

    def stop(self):
        self.stopping = True
        self.listener.close()


def only_true_values(display):
    for parameter, true in TRUE.items():
        assert set(display.values(parameter)) <= true, (parameter, set(display.values(parameter)))


def test_tcp_device_of_bad_manners():
    slave = Slave()
    try:
        with Bedside() as bedside:
            with open(bedside.path("map.conf"), "w", encoding="utf-8") as f:
                f.write(MAP)
            bedside.write_config(f'''
link "net" {{ type = "modbus-tcp"  host = "127.0.0.1"  tcp_port = {slave.port}  timeout_ms = 200 }}
device "monitor" {{ link = "net"  map = "{bedside.path("map.conf")}"  unit = 1  poll_period_ms = 500 }}
''')
            bedside.start_daemon()
            display = bedside.subscribe()
            display.wait_value("ecg_hr")
            bedside.ctl("session", "open", "--patient", "manners-1")
            for manner in ("late", "dribble", "wrong-unit", "wrong-length", "wrong-transaction", "garbage", "half", "close",
                           "silent", "exception"):
                mark = display.mark()
                slave.manner = manner
                display.wait_alarm("device-monitor", "raised", mark)
                slave.manner = "good"
                back = display.mark()
                display.wait_alarm("device-monitor", "cleared", mark)
                display.wait_value("ecg_hr", back)
                only_true_values(display)

            mark = display.mark()
            slave.identity = [0x1234, 0x9999]
            slave.manner = "close"
            display.wait_device("monitor", "down", mark)
            slave.manner = "good"
            display.wait_device("monitor", "refused", mark)
            refused = display.mark()
            wait_for(lambda: len(display.bodies("heartbeat", refused)) >= 4, "two seconds of refusal")
            assert not display.values("ecg_hr", refused), "a stranger's values were published"
            slave.identity = [0x1234, 0x5678]
            display.wait_value("ecg_hr", refused)
            only_true_values(display)
    finally:
        slave.stop()


def test_rtu_device_of_bad_manners():
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
        for manner in ("late cuff 700", "dribble cuff 40", "wrong-unit cuff", "wrong-length cuff", "bad-crc cuff",
                       "garbage cuff", "hang cuff 3", "exception cuff"):
            mark = display.mark()
            sim.say("event " + manner)
            wait_for(lambda: any(d.state != pb.DEVICE_STATE_UP for d in display.bodies("device", mark)) or
                     display.alarms("device-cuff", mark), "notice of: " + manner)
            sim.say("event normal cuff")
            wait_for(lambda: any(d.name == "cuff" and d.state == pb.DEVICE_STATE_UP
                                 for d in display.bodies("device", mark)), "recovery from: " + manner)
        before = display.mark()
        bedside.ctl("cuff", "start")
        display.wait_value("nibp_sys", before)
        import json
        determined = [json.loads(line) for line in sim.out().splitlines() if line.startswith("{")]
        true = {(row["cuff_sys"], row["cuff_dia"]) for row in determined if row.get("cuff_sys") is not None}
        wait_for(lambda: len(display.values("nibp_sys")) == len(display.values("nibp_dia")), "whole determinations")
        for pair in zip(display.values("nibp_sys"), display.values("nibp_dia")):
            assert (pair[0] // 1000, pair[1] // 1000) in true, (pair, true)
