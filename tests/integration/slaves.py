"""Modbus devices on bare pseudo-terminals and sockets whose manners can be changed while they run.

Written from the Modbus documents with framing of its own, so that it can misbehave where libmodbus cannot. Every register
holds a number of its own, and only one per device holds the true value, so that a value taken from a wrong answer shows."""
import contextlib
import os
import pty
import select
import selectors
import socket
import struct
import threading
import time
import tty

from harness import free_port

IDENTITY = (0x1234, 0x5678)
VALUE_ADDRESS = 21

MAP = '''
description  = "misbehaving device"
address_base = 0
identity {{ table = "holding"  address = 0  count = 2  expect = {{ 0x1234, 0x5678 }} }}
block "a" {{ table = "holding"  address = 10  count = 3 }}
block "b" {{ table = "holding"  address = 20  count = 4 }}
value "{parameter}" {{ block = "b"  address = 21  type = "u16"  scale = "1" }}
'''

# What each parameter's register holds. Every other register holds 20 to 28, which is plausible for all of them.
TRUE = {"ecg_hr": 72, "pulse": 74, "spo2": 97, "perfusion": 5, "resp": 15, "etco2": 38}


def crc(frame):
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


class Unit:
    """One device of a bus. `asked` are times and addresses of its requests, `misdeeds` counts answers that its manner spoiled."""

    def __init__(self, number, true=0):
        self.number, self.true = number, true
        self.manner, self.identity = "good", IDENTITY
        self.late_s = 0.0
        self.asked, self.misdeeds = [], 0

    def register(self, address):
        if address < 2:
            return self.identity[address]
        return self.true if address == VALUE_ADDRESS else 20 + (address * 7 + self.number * 5) % 9

    def answer(self, function, address, argument):
        """What the device has to say, and in whose name."""
        if self.manner == "exception":
            return self.number, struct.pack(">BB", function | 0x80, 4)
        if function == 6:
            return self.number, struct.pack(">BHH", function, address, argument)
        count = argument - 1 if self.manner == "wrong-length" else argument
        data = struct.pack(f">{count}H", *(self.register(address + i) for i in range(count)))
        return self.number + (8 if self.manner == "wrong-unit" else 0), struct.pack(">BB", function, len(data)) + data


class Slave:
    """What both transports share: who is asked, what comes back and when."""

    def __init__(self, units):
        self.units = {unit.number: unit for unit in units}
        self.stopping = False

    def _serve(self, write, unit, pdu, frame, request):
        """`frame` makes bytes for the wire of (unit, pdu); `write` sends them."""
        function, address, argument = struct.unpack(">BHH", pdu)
        unit.asked.append((time.monotonic(), address))
        manner = unit.manner
        if manner != "good":
            unit.misdeeds += 1
        answer = frame(*unit.answer(function, address, argument))
        if manner == "silent":
            return
        if manner == "bad-check":  # RTU: the CRC; TCP, which has none: the transaction
            answer = answer[:-1] + bytes([answer[-1] ^ 0x10]) if self.has_crc else bytes([answer[0] ^ 0x55]) + answer[1:]
        if manner == "garbage":
            answer = b"\x00\xff\x37garbage" + answer
        if manner == "half":
            answer = answer[: len(answer) // 2]
        if manner == "echo":
            answer = request + answer
        if manner == "late":  # even when the next request has come and been answered in the meantime
            timer = threading.Timer(unit.late_s, write, (answer,))
            timer.daemon = True
            timer.start()
        elif manner == "slow":
            time.sleep(unit.late_s)
            write(answer)
        elif manner == "dribble":
            for byte in answer:
                write(bytes([byte]))
                time.sleep(0.05)
        elif manner == "close":
            self.drop()
        else:
            write(answer)


class RtuSlave(Slave):
    """A bus with one or more units on a pseudo-terminal behind a name, as udev would make one."""
    has_crc = True

    def __init__(self, path, *units):
        super().__init__(units)
        self.path, self.master, self.hold = path, -1, -1
        self.lock = threading.Lock()
        self.plug()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def plug(self):
        """A new pseudo-terminal behind the old name."""
        master, hold = pty.openpty()
        tty.setraw(hold)
        os.set_blocking(master, False)
        with self.lock:
            self.master, self.hold = master, hold
        self.tty = os.ttyname(hold)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        os.symlink(self.tty, self.path)

    def unplug(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        with self.lock:
            for fd in (self.master, self.hold):
                if fd >= 0:
                    os.close(fd)
            self.master = self.hold = -1

    def _write(self, answer):
        with self.lock, contextlib.suppress(OSError):
            if self.master >= 0:
                os.write(self.master, answer)

    def drop(self):
        self.unplug()

    def _read(self):
        with self.lock:
            master = self.master
        if master < 0:
            time.sleep(0.01)
            return b""
        try:
            ready, _, _ = select.select([master], [], [], 0.05)
            with self.lock:
                return os.read(master, 256) if ready and master == self.master else b""
        except (OSError, ValueError):  # unplugged meanwhile
            return b""

    def _run(self):
        buffer, last = b"", 0.0
        while not self.stopping:
            data = self._read()
            now = time.monotonic()
            if now - last > 0.05:
                buffer = b""
            if data:
                buffer, last = buffer + data, now
            while len(buffer) >= 8:
                request, buffer = buffer[:8], buffer[8:]
                if crc(request[:6]) != request[6:]:
                    buffer = b""
                elif request[0] in self.units:
                    self._serve(self._write, self.units[request[0]], request[1:6], self._frame, request)

    @staticmethod
    def _frame(unit, pdu):
        body = bytes([unit]) + pdu
        return body + crc(body)

    def stop(self):
        self.stopping = True
        self.thread.join(5)
        self.unplug()


class TcpSlave(Slave):
    """One unit behind a gateway. `answering` False: connections are taken and nothing is ever said."""
    has_crc = False

    def __init__(self, unit):
        super().__init__([unit])
        self.port, self.answering = free_port(), True
        self.connections = []
        self.plug()

    def plug(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def unplug(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the accept
        self.listener.close()
        self.drop()

    def drop(self):
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self.connections = []

    def _accept(self, listener):
        while not self.stopping:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        def write(answer):
            with contextlib.suppress(OSError):
                connection.sendall(answer)

        buffer = b""
        while not self.stopping:
            try:
                data = connection.recv(260)
            except OSError:
                return
            if not data:
                connection.close()
                return
            buffer += data
            while len(buffer) >= 12:
                request, buffer = buffer[:12], buffer[12:]
                unit = self.units.get(request[6])
                if unit and self.answering:
                    self._serve(write, unit, request[7:12],
                                lambda number, pdu, head=request[:4]: head + struct.pack(">HB", len(pdu) + 1, number) + pdu,
                                request)

    def stop(self):
        self.stopping = True
        self.unplug()


class RtuTcpSlave(TcpSlave):
    """One unit on a serial bus behind a transparent device server: what comes late reaches the connection of then."""
    has_crc = True

    def _run(self, connection):
        def write(answer):
            with contextlib.suppress(OSError, IndexError):
                self.connections[-1].sendall(answer)

        buffer = b""
        while not self.stopping:
            try:
                data = connection.recv(260)
            except OSError:
                return
            if not data:
                with contextlib.suppress(ValueError):
                    self.connections.remove(connection)
                connection.close()
                return
            buffer += data
            while len(buffer) >= 8:
                request, buffer = buffer[:8], buffer[8:]
                unit = self.units.get(request[0])
                if crc(request[:6]) == request[6:] and unit and self.answering:
                    self._serve(write, unit, request[1:6], RtuSlave._frame, request)


LINE = "11/21/26 09:14:22 SN={number} SPO2={spo2:03d}% BPM={bpm:03d} ALARM=0000 EXC=000800\r\n"


class Oximeter:
    """A streaming oximeter (Masimo ASCII 1, a line a second) on a pseudo-terminal, or behind a serial device server
    that keeps what it could not send, as some do."""

    def __init__(self, path=None):
        self.path = path
        self.manner, self.spo2, self.number = "good", 97, "0000012345"
        self.said = 0
        self.peer = -1  # pty master or connection
        self.greeting = []  # lines for whoever connects, 50 ms apart
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        if path:
            self.plug()
        else:
            self.port = free_port()
            self.listener = socket.create_server(("127.0.0.1", self.port))
            threading.Thread(target=self._accept, daemon=True).start()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def plug(self):
        with self.lock:
            self.peer, self.hold = pty.openpty()
            tty.setraw(self.hold)
            os.set_blocking(self.peer, False)
            self.tty = os.ttyname(self.hold)
            os.symlink(self.tty, self.path)

    def unplug(self):
        with self.lock:
            if self.path and self.peer >= 0:
                os.unlink(self.path)
                os.close(self.hold)
            if self.peer >= 0:
                os.close(self.peer)
            self.peer = -1

    def _accept(self):
        while not self.stopping.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                if self.peer >= 0:
                    os.close(self.peer)
                self.peer = connection.detach()
            for line in self.greeting:
                self.say(line)
                self.stopping.wait(0.05)

    def say(self, data):
        with self.lock, contextlib.suppress(OSError):
            if self.peer >= 0 and data:
                os.write(self.peer, data)

    def line(self, spo2=None):
        return LINE.format(spo2=self.spo2 if spo2 is None else spo2, bpm=62, number=self.number).encode()

    def _run(self):
        while not self.stopping.wait(1.0):  # the pace of the device
            line = self.line()
            if self.manner == "silent":
                line = b""
            elif self.manner == "half":
                line = line[:45]  # the saturation is in it, its end is not
                self.manner = "silent"
            elif self.manner == "garbage":
                line = b"\x00\xff\x81 SPO2=0" + line
            elif self.manner == "stranger":
                line = b"SpO2 BPM PA N-560 VERSION 1.00\r\n" * 3
            self.say(line)
            self.said += 1

    def stop(self):
        self.stopping.set()
        self.thread.join(5)
        if not self.path:
            with contextlib.suppress(OSError):
                self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        self.unplug()


class Farm:
    """Many Modbus TCP devices, one for each port, in one thread; `polls` are the times of the data requests of each.
    manners[i] may be "hung", "flapping" (a second on the network, a second off) or "dribbling"."""

    def __init__(self, count):
        self.selector = selectors.DefaultSelector()
        self.units = [Unit(1, 20 + i) for i in range(count)]
        self.manners = ["good"] * count
        self.polls = [[] for _ in range(count)]
        self.ports, self.peers, self.pending = [free_port() for _ in range(count)], [set() for _ in range(count)], []
        self.listeners = [None] * count
        for i in range(count):
            self._listen(i)
        self.flapped = time.monotonic()
        self.flaps = 0
        self.stopping = False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.thread.start()

    def _listen(self, i):
        self.listeners[i] = socket.create_server(("127.0.0.1", self.ports[i]))
        self.selector.register(self.listeners[i], selectors.EVENT_READ, (i, True))

    def _close(self, i, peer):
        self.selector.unregister(peer)
        self.peers[i].discard(peer)
        peer.close()

    def _flap(self):
        self.flapped += 1
        self.flaps += 1
        for i, manner in enumerate(self.manners):
            if manner != "flapping":
                continue
            if self.listeners[i] is None:
                self._listen(i)
                continue
            self.selector.unregister(self.listeners[i])
            self.listeners[i].close()
            self.listeners[i] = None
            for peer in list(self.peers[i]):
                self._close(i, peer)

    def _answer(self, i, peer, request):
        unit, (function, address, argument) = self.units[i], struct.unpack(">BHH", request[7:12])
        if address == 20:
            self.polls[i].append(time.monotonic())
        if self.manners[i] == "hung":
            return
        number, pdu = unit.answer(function, address, argument)
        answer = request[:4] + struct.pack(">HB", len(pdu) + 1, number) + pdu
        if self.manners[i] == "dribbling":
            now = time.monotonic()
            self.pending += [(now + 0.05 * n, i, peer, answer[n:n + 1]) for n in range(len(answer))]
        else:
            peer.send(answer)

    def _ready(self, i, is_listener, peer):
        if is_listener:
            connection, _ = peer.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.peers[i].add(connection)
            self.selector.register(connection, selectors.EVENT_READ, (i, False))
            return
        try:
            request = peer.recv(260)
            if len(request) == 12:
                self._answer(i, peer, request)
                return
        except OSError:
            pass  # it is gone: closed below
        self._close(i, peer)

    def _run(self):
        while not self.stopping:
            for key, _ in self.selector.select(0.01):
                if key.fileobj.fileno() >= 0:
                    self._ready(*key.data, key.fileobj)
            now = time.monotonic()
            for item in [p for p in self.pending if p[0] <= now]:
                self.pending.remove(item)
                with contextlib.suppress(OSError):
                    if item[2] in self.peers[item[1]]:
                        item[2].send(item[3])
            if now - self.flapped >= 1:
                self._flap()

    def stop(self):
        self.stopping = True
        if self.thread.is_alive():
            self.thread.join(5)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()
