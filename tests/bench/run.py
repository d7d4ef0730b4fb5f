#!/usr/bin/python3
"""`make bench`: how long from a device's answer to a subscriber's hand, and at what cost, beside bare libzmq in the same run.

The devices are Modbus TCP on loopback, polled at 10 Hz, four to a monitor; one monitor, then eight. Figures are of this
machine at this moment: compare within a row, not between machines."""
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("B", "build"))
sys.path.insert(0, os.path.join(ROOT, "tests/integration"))
from harness import Bedside, wait_for  # noqa: E402

SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))
PARAMETERS = ("ecg_hr", "pulse", "spo2", "resp")
MAP = '''description = "bench device"
address_base = 0
identity { table = "holding"  address = 0  count = 1  expect = { 0x4241 } }
block "now" { table = "input"  address = 10  count = 2 }
value "%s" { block = "now"  address = 10  type = "u32"  order = "abcd"  scale = "0.001" }
'''


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def cpu_ns(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def run(monitors, realtime):
    bedsides = [Bedside(f"bench-{i}") for i in range(monitors)]
    try:
        ports = free_ports(monitors * len(PARAMETERS))
        for i, bedside in enumerate(bedsides):
            text = ""
            for j, parameter in enumerate(PARAMETERS):
                with open(bedside.path(parameter + ".conf"), "w", encoding="utf-8") as f:
                    f.write(MAP % parameter)
                text += f'''
link "net{j}" {{ type = "modbus-tcp"  host = "127.0.0.1"  tcp_port = {ports[i * len(PARAMETERS) + j]}  timeout_ms = 50 }}
device "d{j}" {{ link = "net{j}"  map = "{bedside.path(parameter + ".conf")}"  unit = 1  poll_period_ms = 100 }}
'''
            bedside.endpoint = f"tcp://127.0.0.1:{free_ports(1)[0]}"
            bedside.write_config(text, extra=f"realtime_priority = {realtime}")
        farm = bedsides[0].start("farm", [os.path.join(BUILD, "tests/bench/bench_farm"), str(SECONDS + 1.5),
                                          *map(str, ports), "--", *(b.endpoint for b in bedsides)])
        wait_for(lambda: "listening" in farm.out(), "the farm")
        for bedside in bedsides:
            bedside.start_daemon({"WATCHDOG_USEC": ""})
        pids = [b.daemon.pid for b in bedsides] + [b.publisher_pid() for b in bedsides]
        before = sum(map(cpu_ns, pids))
        farm.popen.wait(SECONDS * 4 + 30)
        result = json.loads(farm.out().splitlines()[-1])
        # The bare part runs after the measuring part; the monitors only beat then.
        cpu = sum(map(cpu_ns, pids)) - before
        result["monitor_cpu_us_per_answer"] = cpu / 1e3 / max(1, result["answers_per_s"] * (SECONDS + 1.5))
        result["rss_mib"] = round(max(map(resident_kib, pids[:monitors])) / 1024, 1)
        return result
    finally:
        for bedside in bedsides:
            bedside.__exit__(None, None, None)


def row(name, result):
    ours, bare = result["answer_to_subscriber"], result["bare_libzmq"]
    if not ours or not bare:
        print(f"{name}: nothing measured")
        return
    print(f"{name:<28} {result['answers_per_s']:>8.1f} {ours['p50_us']:>8.0f} {ours['p99_us']:>8.0f} {ours['max_us']:>8.0f}"
          f" {bare['p50_us']:>9.0f} {bare['p99_us']:>8.0f} {ours['p50_us'] / bare['p50_us']:>7.2f}"
          f" {result['monitor_cpu_us_per_answer']:>9.0f} {result['rss_mib']:>7.1f}")


def main():
    print("answer -> subscriber, microseconds; bare = libzmq PUB/SUB of the same size and rate, same machine, same run")
    print(f"{'':<28} {'polls/s':>8} {'p50':>8} {'p99':>8} {'max':>8} {'bare p50':>9} {'p99':>8} {'ratio':>7}"
          f" {'CPU/poll':>9} {'RSS MiB':>7}")
    row("4 devices, 1 monitor", run(1, 0))
    row("4 devices, real-time", run(1, 20))
    row("32 devices, 8 monitors", run(8, 0))
    print("\nModbus RTU: polls of 12 registers on one paced line; limit = characters + 2 silences + the ms that the device thinks")
    sys.stdout.flush()
    return subprocess.run([os.path.join(BUILD, "tests/bench/bench_rtu"), str(SECONDS / 2)], check=False).returncode


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
