"""As a stranger would: a Modbus TCP slave by pymodbus and a subscriber by pyzmq, from the documentation alone."""
import asyncio
import struct
import threading

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server.async_io import ModbusTcpServer

from harness import PATIENCE_S, Bedside, free_port, pb, wait_for

MAP = '''
description  = "a stranger's monitor"
address_base = 0
identity { table = "holding"  address = 100  count = 1  expect = { 4711 } }
block "now"  { table = "holding"  address = 0  count = 4 }
block "cuff" { table = "input"    address = 10  count = 6 }
sequence { block = "cuff"  address = 10 }
status   { block = "cuff"  address = 11 }
value "ecg_hr"   { block = "now"   address = 0  type = "f32"  order = "abcd" }
value "spo2"     { block = "now"   address = 2  type = "u16"  scale = "0.1"  missing = { 0 }  missing_reason = "sensor_off" }
value "resp"     { block = "now"   address = 3  type = "u8-high"  scale = "1" }
value "nibp_sys" { block = "cuff"  address = 12  type = "u16"  scale = "1" }
value "nibp_dia" { block = "cuff"  address = 13  type = "u16"  scale = "1" }
value "nibp_mean" { block = "cuff"  address = 14  type = "u16"  scale = "1" }
'''


class Slave:
    """pymodbus in a thread of its own."""

    def __init__(self, port):
        self.holding = ModbusSequentialDataBlock(0, [0] * 200)
        self.input = ModbusSequentialDataBlock(0, [0] * 200)
        self.context = ModbusServerContext(
            slaves=ModbusSlaveContext(hr=self.holding, ir=self.input, zero_mode=True), single=True)
        self.holding.setValues(100, [4711])
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.port = port
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        assert self.ready.wait(PATIENCE_S)

    def _run(self):
        asyncio.set_event_loop(self.loop)

        async def serve():
            self.server = ModbusTcpServer(self.context, address=("127.0.0.1", self.port), allow_reuse_address=True)
            task = asyncio.ensure_future(self.server.serve_forever())
            await self.server.serving
            self.ready.set()
            try:
                await task
            except asyncio.CancelledError:
                pass

        try:
            self.loop.run_until_complete(serve())
        except Exception:  # the server was shut down
            pass

    def stop(self):
        asyncio.run_coroutine_threadsafe(self.server.shutdown(), self.loop)
        self.thread.join(PATIENCE_S)

    def heart_rate(self, bpm):
        self.holding.setValues(0, list(struct.unpack(">HH", struct.pack(">f", bpm))))

    def saturation(self, percent):
        self.holding.setValues(2, [round(percent * 10)])

    def respiration(self, rate):
        self.holding.setValues(3, [rate << 8 | 0x7F])

    def cuff(self, sequence, sys, dia, mean, status=0):
        self.input.setValues(10, [sequence, status, sys, dia, mean])


def test_a_strangers_slave_and_subscriber():
    port = free_port()
    slave = Slave(port)
    try:
        with Bedside() as bedside:
            with open(bedside.path("stranger.conf"), "w", encoding="utf-8") as f:
                f.write(MAP)
            bedside.write_config(f'''
link "net" {{ type = "modbus-tcp"  host = "127.0.0.1"  tcp_port = {port}  timeout_ms = 250 }}
device "monitor" {{ link = "net"  map = "{bedside.path("stranger.conf")}"  unit = 1  poll_period_ms = 300 }}
''')
            slave.heart_rate(71.5)
            slave.saturation(97.5)
            slave.respiration(14)
            slave.cuff(1, 250, 240, 244)  # there before us: its age is unknown, so it must never be shown
            bedside.start_daemon()
            display = bedside.subscribe()
            for parameter in ("ecg_hr", "spo2", "resp"):
                display.wait_value(parameter)
            assert set(display.values("ecg_hr")) == {71500}
            assert set(display.values("spo2")) == {97500}
            assert set(display.values("resp")) == {14000}
            bedside.ctl("session", "open", "--patient", "stranger-1")

            mark = display.mark()
            wait_for(lambda: len(display.values("ecg_hr", mark)) >= 3, "a look at it since the opening")
            slave.cuff(2, 118, 76, 90)
            display.wait_value("nibp_sys")
            display.wait_value("nibp_dia")
            assert display.values("nibp_sys") == [118000] and display.values("nibp_dia") == [76000]
            mark = display.mark()
            slave.cuff(3, 186, 99, 128)
            alarm = display.wait_alarm("B1", "raised", mark)
            assert alarm.milli == 186000 and alarm.priority == pb.PRIORITY_MEDIUM
            assert alarm.confirms and not alarm.confirmed, "a first reading"
            raised = mark
            assert set(display.values("nibp_sys")) == {118000, 186000}

            mark = display.mark()
            slave.cuff(4, 0, 0, 0, status=7)
            wait_for(lambda: any(r.WhichOneof("result") == "no_value" and r.no_value.reason == pb.REASON_FAILED
                                 for r in display.readings("nibp_sys", mark)), "the failed determination")

            mark = display.mark()
            slave.saturation(0)
            wait_for(lambda: any(r.WhichOneof("result") == "no_value" and r.no_value.reason == pb.REASON_SENSOR_OFF
                                 for r in display.readings("spo2", mark)), "sensor off")
            display.wait_alarm("missing-spo2", "raised", mark)
            slave.saturation(96)
            display.wait_alarm("missing-spo2", "cleared", mark)

            mark = display.mark()
            slave.heart_rate(140.0)
            alarm = display.wait_alarm("H2", "raised", mark)
            assert alarm.milli == 140000
            slave.heart_rate(float("nan"))
            wait_for(lambda: any(r.WhichOneof("result") == "no_value" for r in display.readings("ecg_hr", mark)), "lead off")
            assert not any(c.change == pb.CHANGE_CLEARED for c in display.alarms("H2", mark)), "missing is not normal"
            # The repeat never brought a value: a missing repeat is no good news.
            alarm = display.wait_alarm("B1", "priority", raised)
            assert alarm.confirmed and alarm.priority == pb.PRIORITY_HIGH and alarm.milli == 186000
            values = set(display.values("nibp_sys"))
            assert 250000 not in values and values == {118000, 186000}, values
    finally:
        slave.stop()
