"""One bedside end to end: simulator, daemon, subscriber, command line, record, log and service manager, all real."""
import fcntl
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess

from harness import BUILD, PATIENCE_S, Bedside, free_port, pb, wait_for


def devices(bedside, ecg_port, oximeter="oximeter", cuff="cuff"):
    """The three simulated devices: streaming on a pty, Modbus RTU on a pty, Modbus TCP."""
    return f'''
link "oximeter-line" {{ type = "serial"  port = "{bedside.path(oximeter)}" }}
device "oximeter" {{ link = "oximeter-line"  driver = "masimo-ascii1" }}
link "bp-bus" {{ type = "modbus-rtu"  port = "{bedside.path(cuff)}"  baud = 19200  parity = "none"  timeout_ms = 1200 }}
device "cuff" {{ link = "bp-bus"  map = "{bedside.map("vitals-sim-cuff")}"  unit = 1  poll_period_ms = 1300 }}
link "ecg-gateway" {{ type = "modbus-tcp"  host = "127.0.0.1"  tcp_port = {ecg_port}  timeout_ms = 300 }}
device "ecg" {{ link = "ecg-gateway"  map = "{bedside.map("vitals-sim-ecg")}"  unit = 1  poll_period_ms = 400 }}
'''


def start(bedside, wrapper=()):
    sim = bedside.start_sim("--seed", "7", "--speed", "60", "--cuff-failures", "0", "--oximeter-pty",
                            bedside.path("oximeter"), "--cuff-pty", bedside.path("cuff"), "--ecg-tcp", "0", "--print-truth")
    port = re.search(r"listening ecg 127\.0\.0\.1:(\d+)", sim.out()).group(1)
    bedside.write_config(devices(bedside, port))
    bedside.start_daemon(wrapper=wrapper)
    subscriber = bedside.subscribe()
    return sim, subscriber


def truth(sim):
    rows = []
    for line in sim.out().splitlines():
        if line.startswith("{"):
            rows.append(json.loads(line))
    return rows


def alarm_digest(alarms):
    """The rule of proto/README.md, written a second time."""
    digest = 0xCBF29CE484222325
    for alarm in sorted(alarms, key=lambda a: a.id):
        for byte in alarm.id.to_bytes(4, "big") + alarm.generation.to_bytes(4, "big"):
            digest = ((digest ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return digest


def test_values_reach_a_display():
    with Bedside() as bedside:
        sim, display = start(bedside)
        for parameter in ("spo2", "pulse", "ecg_hr", "resp", "etco2"):
            display.wait_value(parameter)
        assert bedside.ctl("session", "open", "--patient", "P-001") is not None
        display.wait_value("nibp_sys")
        reading = display.readings("nibp_sys")[-1]
        assert reading.mdc_code == 150021 and reading.unit == "mm[Hg]" and reading.intermittent
        assert reading.device == "cuff"
        spo2 = display.readings("spo2")[-1]
        assert spo2.mdc_code == 150456 and spo2.unit == "%" and not spo2.intermittent
        wait_for(lambda: len(truth(sim)) >= 3, "three seconds of truth")
        seen = set(display.values("spo2"))
        true = {round(row["spo2"]) * 1000 for row in truth(sim)}
        assert seen and seen <= {t + d for t in true for d in (-1000, 0, 1000)}, (seen, true)


def test_alarm_is_raised_acknowledged_and_cleared():
    with Bedside() as bedside:
        sim, display = start(bedside)
        display.wait_value("spo2")
        bedside.ctl("session", "open", "--patient", "P-002")
        sim.say("event desaturation 87 over 2 for 3600")
        alarm = display.wait_alarm("O2", "raised")
        assert alarm.priority == pb.PRIORITY_HIGH and alarm.state == pb.ALARM_STATE_ACTIVE
        assert alarm.parameter == "spo2" and alarm.milli < 90000 and alarm.limit_milli == 90000
        status = bedside.request(status=pb.Empty())
        assert any(a.condition == "O2" for a in status.snapshot.alarm)

        bedside.ctl("alarm", "ack", "O2")
        acknowledged = display.wait_alarm("O2", "acknowledged")
        assert acknowledged.state == pb.ALARM_STATE_ACKNOWLEDGED and acknowledged.acknowledged_by
        assert acknowledged.generation > alarm.generation

        sim.say("event desaturation 97 over 1 for 1")
        cleared = display.wait_alarm("O2", "cleared")
        assert cleared.state == pb.ALARM_STATE_INACTIVE

        bedside.wait_record("alarm", 'condition="O2"', 'change="cleared"')
        rows = bedside.records("alarm")
        assert any('condition="O2"' in row[3] and 'change="raised"' in row[3] and row[1] == 2 for row in rows)
        assert any('condition="O2"' in row[3] and 'change="acknowledged"' in row[3] for row in rows)
        commands = bedside.records("command")
        assert any('command="session-open"' in row[3] and 'result="ok"' in row[3] for row in commands)
        account = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        assert all(f'actor="{account}"' in row[3] for row in commands), commands


def test_heartbeat_tells_sequence_and_digest():
    with Bedside() as bedside:
        sim, display = start(bedside)
        display.wait_value("spo2")
        bedside.ctl("session", "open", "--patient", "P-003")
        sim.say("event desaturation 80 over 1 for 3600")
        display.wait_alarm("O3", "raised")
        mark = display.mark()
        wait_for(lambda: any(b.alarm_count > 0 for b in display.bodies("heartbeat", mark)), "a heartbeat that counts alarms")
        snapshot = display.wait("snapshot", mark)
        assert snapshot.heartbeat.alarm_count == len(snapshot.alarm) > 0
        assert snapshot.heartbeat.alarm_digest == alarm_digest(snapshot.alarm)
        sequences = {}
        for _, topic, message in display.messages:
            assert message.version == 1 and message.bedside == bedside.name and message.demo
            last = sequences.get((topic, message.epoch))
            assert last is None or message.sequence == last + 1, (topic, last, message.sequence)
            sequences[(topic, message.epoch)] = message.sequence


def test_pulled_cable_is_told_and_mended():
    with Bedside() as bedside:
        sim, display = start(bedside)
        display.wait_value("spo2")
        bedside.ctl("session", "open", "--patient", "P-004")
        mark = display.mark()
        sim.say("event cable-pull oximeter")
        display.wait_device("oximeter", "down", mark)
        display.wait_alarm("device-oximeter", "raised", mark)
        wait_for(lambda: any(r.WhichOneof("result") == "no_value" and r.no_value.reason == pb.REASON_DEVICE_LOST
                             for r in display.readings("spo2", mark)), "SpO2 shown as lost")
        pulled = display.mark()
        heart_rate_goes_on = display.mark()
        sim.say("event cable-plug oximeter")
        display.wait_device("oximeter", "up", pulled)
        display.wait_value("spo2", pulled)
        display.wait_alarm("device-oximeter", "cleared", pulled)
        display.wait_value("ecg_hr", heart_rate_goes_on)
        assert not display.alarms("missing-spo2", mark), "one situation, one alarm"


def test_publisher_is_killed_and_comes_back():
    with Bedside() as bedside:
        _, display = start(bedside)
        display.wait_value("spo2")
        bedside.ctl("session", "open", "--patient", "P-005")
        epoch = display.messages[-1][2].epoch
        first = wait_for(bedside.publisher_pid, "the publisher child")
        wait_for(lambda: len(display.bodies("heartbeat")) >= 6, "some heartbeats", seen=display.seen)
        mark, killed_ns = display.mark(), display.messages[-1][2].sent_mono_ns
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: any(m.epoch != epoch for _, _, m in display.messages[mark:]), "a new epoch")
        fresh = next(i for i, (_, _, m) in enumerate(display.messages) if i >= mark and m.epoch != epoch)
        beat = wait_for(lambda: next((m for _, _, m in display.messages[fresh:] if m.WhichOneof("body") == "heartbeat"), None),
                        "a heartbeat of the new epoch", seen=display.seen)
        # It counts anew: not more than one for each half second since then, those that nobody was there to hear included.
        assert 1 <= beat.sequence <= (beat.sent_mono_ns - killed_ns) / 0.5e9 + 2, beat
        snapshot = display.wait("snapshot", fresh)
        assert snapshot.session.open and snapshot.session.patient_ref == "P-005"
        display.wait_alarm("service-publisher", "cleared", fresh)
        display.wait_value("spo2", fresh)
        assert bedside.publisher_pid() != first
        bedside.wait_record("notice", 'what="publisher-lost"')
        bedside.wait_record("alarm", 'condition="service-publisher"', 'change="raised"')
        assert bedside.daemon.running()


def test_publisher_is_frozen_and_replaced():
    with Bedside() as bedside:
        _, display = start(bedside)
        display.wait_value("spo2")
        epoch = display.messages[-1][2].epoch
        os.kill(wait_for(bedside.publisher_pid, "the publisher child"), signal.SIGSTOP)
        wait_for(lambda: any(m.epoch != epoch for _, _, m in display.messages), "a new epoch")
        assert bedside.daemon.running()


def test_publisher_that_cannot_bind_is_one_trouble():
    with Bedside() as bedside:
        bedside.write_config(devices(bedside, free_port()))
        with open(bedside.path("publish.lock"), "w", encoding="ascii") as taken:
            fcntl.flock(taken, fcntl.LOCK_EX)
            bedside.start_daemon()
            wait_for(lambda: bedside.daemon.err().count("is in use by another process") >= 5, "several attempts")
            # Nothing else is wrong, but for an engine that a busy machine has made late.
            alarms = {a.condition for a in bedside.request(status=pb.Empty()).snapshot.alarm}
            assert alarms - {"service-engine"} == {"service-publisher"}, alarms
        display = bedside.subscribe()
        display.wait_alarm("service-publisher", "cleared")
        bedside.wait_record("alarm", 'condition="service-publisher"', 'change="cleared"')
        told = [row[3] for row in bedside.records("alarm") if 'condition="service-publisher"' in row[3]]
        assert len(told) == 2 and 'change="raised"' in told[0] and 'change="cleared"' in told[1], told
        notices = [row[3] for row in bedside.records("notice") if "publisher" in row[3]]
        assert len(notices) == 2, notices
        assert bedside.daemon.running()


def test_stalled_subscriber_stalls_nobody():
    with Bedside() as bedside:
        script = ("import sys,zmq\ns=zmq.Context().socket(zmq.SUB)\ns.setsockopt(zmq.RCVHWM,1)\n"
                  "s.setsockopt(zmq.SUBSCRIBE,b'')\ns.connect(sys.argv[1])\ns.recv()\nprint('got one',flush=True)\n"
                  "sys.stdin.read()\n")
        sim, display = start(bedside)
        stalled = bedside.start("stalled", ["/usr/bin/python3", "-c", script, bedside.endpoint])
        wait_for(lambda: "got one" in stalled.out(), "the other subscriber")
        os.kill(stalled.pid, signal.SIGSTOP)
        bedside.ctl("session", "open", "--patient", "P-006")
        mark = display.mark()
        sim.say("event desaturation 87 over 1 for 3600")
        display.wait_alarm("O2", "raised", mark)
        display.wait_value("ecg_hr", mark)
        wait_for(lambda: len(display.bodies("heartbeat", mark)) >= 8, "heartbeats going on")
        assert bedside.daemon.running()


def test_session_runs_through_its_phases():
    with Bedside() as bedside:
        _, display = start(bedside)
        display.wait_value("spo2")
        bedside.ctl("session", "start", expect=1)
        bedside.ctl("session", "open", "--patient", "P-007", "--weight-kg", "72.5", "--dose-mg", "36.3",
                    "--duration-min", "1")
        bedside.ctl("session", "open", "--patient", "P-008", expect=1)
        wait_for(lambda: any(s.change == "baseline" for s in display.bodies("session")), "the baseline", 2 * PATIENCE_S)
        bedside.ctl("session", "start")
        bedside.ctl("session", "pause")
        assert bedside.request(status=pb.Empty()).snapshot.session.paused
        bedside.ctl("session", "resume")
        bedside.ctl("observe", "--moaas", "3", "--note", "drowsy, answers to loud call")
        assert display.wait_alarm("S2", "raised").milli == 3000
        bedside.ctl("observe", "--moaas", "9", expect=2)
        bedside.ctl("session", "stop")
        session = bedside.request(status=pb.Empty()).snapshot.session
        assert session.ended and session.phase == "recovery" and session.weight_g == 72500 and session.dose_ug == 36300
        bedside.ctl("session", "close")
        wait_for(lambda: any(s.change == "closed" for s in display.bodies("session")), "the end of the session")
        changes = [s.change for s in display.bodies("session")]  # one topic: in the order of their sending
        for change in ("opened", "started", "paused", "resumed", "ended"):
            assert change in changes, changes
        assert {a.condition for a in bedside.request(status=pb.Empty()).snapshot.alarm} <= {"service-engine"}
        notes = bedside.records("observation")
        assert any("drowsy, answers to loud call" in row[3] for row in notes)


def test_log_lines_are_whole_and_escaped():
    with Bedside() as bedside:
        log, wrapper = bedside.log_sink()
        sim, display = start(bedside, wrapper)
        display.wait_value("spo2")
        bedside.ctl("session", "open", "--patient", "P-009")
        bedside.ctl("observe", "--note", 'forged" kind="alarm" <142>x')
        sim.say("event desaturation 80 over 1 for 3600")
        display.wait_alarm("O3", "raised")
        wait_for(lambda: any('condition="O3"' in line for line in log.seen), "the alarm in the log", seen=lambda: log.seen[-5:])
        line = next(line for line in log.seen if 'condition="O3"' in line)
        priority = int(re.match(r"<(\d+)>", line).group(1))
        assert priority % 8 == 2 and priority // 8 == 16, line  # critical, local0
        assert all(all(0x20 <= ord(c) < 0x7F for c in line.rstrip("\0\n")) for line in log.seen)
        note = next(line for line in log.seen if 'kind="observation"' in line)
        assert note.count('kind="') == 1 and "\\x22" in note, note
        for kind in ("start", "session", "device", "command"):
            assert any(f'kind="{kind}"' in line for line in log.seen), kind
        start_line = next(line for line in log.seen if 'kind="start"' in line)
        assert re.search(r'config_hash="[0-9a-f]{64}"', start_line)


def test_watchdog_is_fed_and_stop_is_clean():
    with Bedside() as bedside:
        start(bedside)
        wait_for(lambda: sum("WATCHDOG=1" in m for m in bedside.manager.seen) >= 3, "the watchdog being fed")
        code = bedside.daemon.stop()
        assert code == 0, code
        assert any("STOPPING=1" in m for m in bedside.manager.seen)
        kinds = [row[2] for row in bedside.records()]
        assert kinds[0] == "start" and kinds[-1] == "stop", kinds
        assert not os.path.exists(bedside.control), "the control socket is left behind"


def test_record_survives_a_kill_and_goes_on():
    with Bedside() as bedside:
        _, display = start(bedside)
        display.wait_value("spo2")
        bedside.ctl("session", "open", "--patient", "P-010")
        bedside.daemon.stop(signal.SIGKILL)
        rows = bedside.records("command")
        assert any('command="session-open"' in row[3] for row in rows), "answered, so on disk"
        before = len(bedside.records())
        bedside.start_daemon()
        wait_for(lambda: len(bedside.records()) > before, "new rows behind the old ones")
        seqs = [row[0] for row in bedside.records()]
        assert seqs == list(range(1, len(seqs) + 1))


def test_sessions_of_two_runs_have_two_names():
    """One record, two starts of the daemon: what was of one patient is never read as the other's."""
    with Bedside() as bedside:
        start(bedside)
        ids = []
        for patient in "P-011", "P-012":
            bedside.ctl("session", "open", "--patient", patient)
            ids.append(json.loads(bedside.ctl("--json", "status"))["snapshot"]["session"]["id"])
            bedside.ctl("session", "close")
            bedside.daemon.stop(signal.SIGTERM)
            bedside.start_daemon()
        assert len(set(ids)) == 2 and all(re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", name) for name in ids), ids
        for patient, name in zip(("P-011", "P-012"), ids):
            rows = [row[3] for row in bedside.records("session") if f'session="{name}"' in row[3]]
            assert rows and all(f'patient="{patient}"' in row for row in rows), (name, rows)


def test_what_cannot_be_recorded_is_not_called_refused():
    with Bedside() as bedside:
        start(bedside)
        lock = sqlite3.connect(bedside.record, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")  # as a full disk: nothing can be written
        done = subprocess.run([os.path.join(BUILD, "vitalsctl"), "--socket", bedside.control, "observe", "--note", "seen"],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 1 and "could not be recorded" in done.stderr and "refused" not in done.stderr, done.stderr
        wait_for(lambda: "record cannot be written" in bedside.ctl("alarm", "list"), "the alarm")
        lock.execute("ROLLBACK")
        lock.close()
        wait_for(lambda: any('note="seen"' in row[3] for row in bedside.records()), "the row, late but there")


def test_tcp_endpoint_and_watch_json():
    with Bedside() as bedside:
        port = free_port()
        bedside.endpoint = f"tcp://127.0.0.1:{port}"
        _, display = start(bedside)
        display.wait_value("spo2")
        watch = bedside.start("watch", [os.path.join(BUILD, "vitalsctl"), "--socket", bedside.control, "--json", "watch",
                                        "--endpoint", bedside.endpoint])
        wait_for(lambda: '"snapshot"' in watch.out() and '"heartbeat"' in watch.out(), "JSON lines")
        wait_for(lambda: any(json.loads(line)["type"] == "readings" for line in watch.out().splitlines()[:-1]), "readings")
        watch.stop(signal.SIGINT)


def test_refused_configurations():
    with Bedside() as bedside:
        bedside.write_config(devices(bedside, 1502).replace("baud = 19200", "baud = 12345"))
        done = subprocess.run([os.path.join(BUILD, "vitalsd"), "--config", bedside.config, "--check"],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 3
        assert re.search(r"vitalsd\.conf:\d+: .*baud.*12345.*legal", done.stderr), done.stderr
        bedside.write_config(devices(bedside, 1502).replace("poll_period_ms = 1300", "poll_period_ms = 15"))
        done = subprocess.run([os.path.join(BUILD, "vitalsd"), "--config", bedside.config, "--check"],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 3 and "poll_period_ms" in done.stderr and " ms" in done.stderr, done.stderr
        bedside.write_config(devices(bedside, 1502))
        done = subprocess.run([os.path.join(BUILD, "vitalsd"), "--config", bedside.config, "--check"],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 0, done.stderr


def test_strangers_cannot_command():
    """A file mode that keeps others out, and packets that are not requests."""
    with Bedside() as bedside:
        start(bedside)
        mode = os.stat(bedside.control).st_mode & 0o777
        assert mode & 0o007 == 0, oct(mode)
        assert os.stat(bedside.record).st_mode & 0o077 == 0
        for junk in (b"", b"\xff" * 64, b"\0" * 4096, os.urandom(60000)):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
                s.connect(bedside.control)
                try:
                    s.send(junk)
                except OSError:
                    pass
        assert bedside.request(status=pb.Empty()).result == "ok"
        assert bedside.daemon.running()
