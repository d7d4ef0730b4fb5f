"""What a restart must not forget: the open session, its alarms and limits, whatever way it has to be found again; each with
the real daemon, killed, with real devices of the simulator."""
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess

import zmq

from harness import BUILD, PATIENCE_S, ROOT, Bedside, Skip, free_port, pb, wait_for
from test_bedside import start


def session_of(bedside):
    return json.loads(bedside.ctl("--json", "status"))["snapshot"]["session"]


def alarms_of(bedside):
    return {alarm.condition for alarm in bedside.request(status=pb.Empty()).snapshot.alarm}


def open_and_change(bedside):
    """A session with what only staff know: a dose, scores, a changed limit, a running clock."""
    _, display = start(bedside)
    display.wait_value("spo2")
    bedside.ctl("session", "open", "--patient", "P-010", "--dose-mg", "28", "--weight-kg", "70")
    bedside.ctl("moaas", "5")
    bedside.ctl("note", "keeps her left hand warm")
    return session_of(bedside)


def same_session(bedside, before):
    after = session_of(bedside)
    for key in ("id", "patient_ref", "order", "opened_wall_ns", "phase"):
        assert after.get(key) == before.get(key), (key, before.get(key), after.get(key))
    assert "open the session again" not in bedside.ctl("alarm", "list")
    return after


def test_killed_monitor_takes_its_session_up():
    with Bedside() as bedside:
        before = open_and_change(bedside)
        for stop in signal.SIGKILL, signal.SIGTERM, signal.SIGKILL:
            bedside.daemon.stop(stop)
            bedside.start_daemon()
            same_session(bedside, before)
        bedside.subscribe().wait_value("spo2")  # the devices are found again
        assert re.search(r"not watched for \d+ ms", bedside.wait_record("notice", 'what="session-taken-up"'))
        bedside.ctl("session", "close")
        bedside.daemon.stop(signal.SIGKILL)
        bedside.start_daemon()
        assert not session_of(bedside).get("open"), "a closed session was taken up"
        assert "open the session again" not in bedside.ctl("alarm", "list")


def test_session_is_found_without_the_black_box():
    """As after a power cut, or with another build: what was recorded is stepped through again."""
    with Bedside() as bedside:
        before = open_and_change(bedside)
        bedside.daemon.stop(signal.SIGTERM)
        os.unlink(bedside.path("black-box"))
        bedside.start_daemon()
        same_session(bedside, before)


def test_session_goes_on_after_a_reboot():
    """The record says that another start of the computer wrote it: times are those of the wall clock, and said to be so."""
    with Bedside() as bedside:
        before = open_and_change(bedside)
        bedside.daemon.stop(signal.SIGTERM)
        os.unlink(bedside.path("black-box"))
        with contextlib.closing(sqlite3.connect(bedside.record)) as db, db:
            db.execute("UPDATE run SET boot = 'an-earlier-one'")
        bedside.start_daemon()
        same_session(bedside, before)


def test_box_of_another_configuration_is_kept_aside():
    with Bedside() as bedside:
        before = open_and_change(bedside)
        bedside.daemon.stop(signal.SIGKILL)
        with open(bedside.config, "a", encoding="utf-8") as file:
            file.write("# changed\n")
        bedside.start_daemon()
        same_session(bedside, before)
        assert "another configuration" in bedside.wait_record("notice", 'what="black-box-refused"')
        assert os.path.exists(bedside.path("black-box.kept"))


def test_session_of_which_something_is_missing_is_taken_up_with_an_alarm():
    with Bedside() as bedside:
        bedside.replayable = False
        before = open_and_change(bedside)
        bedside.daemon.stop(signal.SIGTERM)
        os.unlink(bedside.path("black-box"))
        with contextlib.closing(sqlite3.connect(bedside.record)) as db, db:
            db.execute("DELETE FROM input WHERE first = (SELECT max(first) FROM input)")
        bedside.start_daemon()
        assert session_of(bedside)["id"] == before["id"]
        wait_for(lambda: "check the session" in bedside.ctl("alarm", "list"), "the alarm")


def test_copy_of_the_file_alone_has_its_tables():
    with Bedside() as bedside:
        start(bedside)
        bedside.ctl("session", "open", "--patient", "P-010")
        alone = bedside.path("alone.sqlite")
        shutil.copy(bedside.record, alone)
        with contextlib.closing(sqlite3.connect(alone)) as db:
            names = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert {"record", "session", "input", "trend", "run"} <= names, names


def test_box_that_is_older_than_the_record_is_not_believed():
    """As when a later run had no room for its own: what it holds is not what was last so."""
    with Bedside() as bedside:
        before = open_and_change(bedside)
        bedside.daemon.stop(signal.SIGKILL)
        shutil.copy(bedside.path("black-box"), bedside.path("old"))
        bedside.start_daemon()
        bedside.ctl("moaas", "3")
        bedside.daemon.stop(signal.SIGTERM)
        shutil.copy(bedside.path("old"), bedside.path("black-box"))
        bedside.start_daemon()
        same_session(bedside, before)
        assert "older than the record" in bedside.wait_record("notice", 'what="black-box-refused"')
        readings = {r.parameter: r.milli for r in bedside.request(status=pb.Empty()).snapshot.reading}
        assert readings["moaas"] == 3000, readings


def test_bedside_without_a_session_is_quiet_after_each_restart():
    with Bedside() as bedside:
        bedside.write_config(f'link "line" {{ type = "serial"  port = "{bedside.path("absent")}" }}\n'
                             'device "oximeter" { link = "line"  driver = "masimo-ascii1" }\n')
        for stop in signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGKILL:
            bedside.start_daemon()
            assert "service-session" not in alarms_of(bedside)
            bedside.daemon.stop(stop)


def test_who_reads_is_on_record_once():
    with Bedside() as bedside:
        start(bedside)
        for _ in range(5):
            bedside.request(status=pb.Empty())
        bedside.wait_record("visit", 'what="read"', 'actor="')
        bedside.subscribe()
        row = bedside.wait_record("visit", 'what="display"')
        assert f'actor="uid-{os.geteuid()}"' in row or 'actor="uid-' not in row, row
        bedside.ctl("session", "open", "--patient", "P-010")
        assert len(bedside.records("visit")) == 2


def test_displays_on_the_network_and_strangers_are_on_record():
    with Bedside() as bedside:
        server, listed, stranger = (zmq.curve_keypair() for _ in range(3))
        key_file = bedside.path("secret.key")
        with open(os.open(key_file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(server[1].decode() + "\n")
        network = f"tcp://127.0.0.1:{free_port()}"
        bedside.publish = (f'endpoints = {{ "{bedside.endpoint}", "{network}" }}\ncurve_secret_key_file = "{key_file}"\n'
                           f'display_keys = {{ "{listed[0].decode()}" }}')
        bedside.write_config(f'link "line" {{ type = "serial"  port = "{bedside.path("absent")}" }}\n'
                             'device "line" { driver = "nellcor-ascii"  link = "line" }\n')
        bedside.start_daemon()
        for public, secret in (listed, stranger):
            socket = bedside.context.socket(zmq.SUB)
            socket.curve_serverkey, socket.curve_publickey, socket.curve_secretkey = server[0], public, secret
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.SUBSCRIBE, b"")
            socket.connect(network)
            what = "display" if public == listed[0] else "display-refused"
            bedside.wait_record("visit", f'what="{what}"', f'actor="key {escaped(public[:12])}"', 'from="127.0.0.1"')
            socket.close()
        assert len(bedside.records("visit")) == 3, "somebody is told twice, or the monitor tells of itself"


def escaped(key):
    return key.decode().replace("]", "\\x5d")


def test_who_subscribes_is_whole_at_once():
    """The snapshot comes because of it: in the monitor's own time it follows the one before sooner than a periodic one."""
    with Bedside() as bedside:
        _, display = start(bedside)
        display.wait("snapshot")
        for _ in range(3):
            mark = display.mark()
            late = bedside.subscribe()
            late.wait("snapshot")
            display.wait("snapshot", after=mark)
        sent = [m.sent_mono_ns for _, _, m in display.messages if m.WhichOneof("body") == "snapshot"]
        assert min(b - a for a, b in zip(sent, sent[1:])) < 4_000_000_000, sent


def test_session_is_found_without_the_record():
    with Bedside() as bedside:
        bedside.replayable = False  # the new record does not have its beginning, and says so
        before = open_and_change(bedside)
        bedside.daemon.stop(signal.SIGKILL)
        for path in glob.glob(bedside.record + "*"):
            os.unlink(path)
        bedside.start_daemon()
        same_session(bedside, before)
        bedside.wait_record("start")
        assert "does not hold the beginning" in replay(bedside, expect=1)


def test_without_both_staff_are_told():
    with Bedside() as bedside:
        open_and_change(bedside)
        bedside.daemon.stop(signal.SIGKILL)
        os.unlink(bedside.path("black-box"))
        for path in glob.glob(bedside.record + "*"):
            if not path.endswith(".last"):
                os.unlink(path)
        bedside.start_daemon()
        wait_for(lambda: "open the session again" in bedside.ctl("alarm", "list"), "the alarm")
        assert "known before: " in bedside.wait_record("notice", 'what="record-shortened"')


def test_record_that_lost_its_newest_rows_is_an_alarm():
    with Bedside() as bedside:
        bedside.replayable = False
        open_and_change(bedside)
        bedside.daemon.stop(signal.SIGTERM)
        os.unlink(bedside.path("black-box"))
        db = sqlite3.connect(bedside.record)
        with db:
            db.execute("DELETE FROM record WHERE seq > (SELECT max(seq) - 2 FROM record)")
        db.close()
        bedside.start_daemon()
        bedside.wait_record("notice", 'what="record-shortened"')


def test_changed_plan_waits_for_the_next_session():
    with Bedside() as bedside:
        plan = bedside.path("ward.conf")
        shutil.copy(os.path.join(ROOT, "etc/plans/demo.conf"), plan)
        start(bedside)
        bedside.daemon.stop(signal.SIGTERM)
        with open(bedside.config, encoding="utf-8") as file:
            text = re.sub(r'plan = "[^"]*"', f'plan = "{plan}"', file.read())
        with open(bedside.config, "w", encoding="utf-8") as file:
            file.write(text)
        bedside.start_daemon()
        bedside.ctl("session", "open", "--patient", "P-011")
        before, hash_before = session_of(bedside), plan_hash(bedside)
        bedside.daemon.stop(signal.SIGKILL)
        with open(plan, "a", encoding="utf-8") as file:
            file.write("\n# changed\n")
        bedside.start_daemon()
        same_session(bedside, before)
        assert plan_hash(bedside) == hash_before, "the changed plan was applied to a running session"
        wait_for(lambda: "service-config" in alarms_of(bedside), "the alarm that the files say something else")
        bedside.ctl("session", "close")
        bedside.daemon.stop(signal.SIGTERM)
        bedside.start_daemon()
        assert plan_hash(bedside) != hash_before


def plan_hash(bedside):
    return bedside.request(status=pb.Empty()).snapshot.plan_hash


def replay(bedside, *arguments, expect=0):
    return bedside.ctl("replay", bedside.record, *arguments, expect=expect)


def test_recorded_session_replays_as_it_was():
    """With restarts, refusals, notes, alarms and a changed limit in it; while it is open, and when it is closed."""
    with Bedside() as bedside:
        _, display = start(bedside)
        display.wait_value("spo2")
        bedside.ctl("session", "open", "--patient", "P-010")
        bedside.ctl("session", "close", "--override", "dr.a", "--reason", "another one")
        before = open_second(bedside)
        bedside.ctl("session", "start", expect=1)
        bedside.ctl("limit", "O2", "88", "--reason", "lung disease", "--second-person", "nobody", expect=1)
        bedside.daemon.stop(signal.SIGKILL)
        bedside.start_daemon()
        bedside.ctl("note", "a note after the restart")
        bedside.wait_record("observation", "after the restart")
        assert f"session {before['id']}" in replay(bedside) and "as they were recorded" in replay(bedside)
        bedside.daemon.stop(signal.SIGTERM)
        os.unlink(bedside.path("black-box"))  # the next one steps through the events
        bedside.start_daemon()
        bedside.ctl("session", "close", "--override", "dr.a", "--reason", "the end of the test")
        bedside.daemon.stop(signal.SIGTERM)
        assert "as they were recorded" in replay(bedside)
        one = bedside.path("one.sqlite")
        bedside.ctl("session", "export", bedside.record, one)
        bedside.ctl("session", "export", bedside.record, one, expect=1)
        with contextlib.closing(sqlite3.connect(one)) as db:
            assert db.execute("SELECT id FROM session").fetchall() == [(before["id"],)]
            assert db.execute("SELECT count(*) FROM trend").fetchone()[0] > 0
        assert bedside.ctl("replay", one) == replay(bedside)
        bedside.replayable = False
        with sqlite3.connect(bedside.record) as db:
            db.execute("UPDATE record SET text = replace(text, 'left hand', 'right hand') WHERE kind = 'observation'")
        told = replay(bedside, expect=1)
        assert "is judged differently" in told and "right hand" in told, told


def test_other_limits_are_put_beside_those_that_were():
    with Bedside() as bedside:
        _, display = start(bedside)
        display.wait_value("spo2")
        bedside.ctl("session", "open", "--patient", "P-010")
        plan = bedside.path("strict.conf")
        with open(os.path.join(ROOT, "etc/plans/demo.conf"), encoding="utf-8") as file:
            text = file.read()
        strict = text.replace("below = 93  clear = 95", "below = 99.9  clear = 100")
        assert strict != text
        with open(plan, "w", encoding="utf-8") as file:
            file.write(strict)
        def won():
            return [line for line in replay(bedside, "--plan", plan).splitlines() if line.startswith("O1") and line.endswith("won")]
        wait_for(won, "the alarm that stricter limits would have given", seen=lambda: replay(bedside, "--plan", plan))


def open_second(bedside):
    bedside.ctl("session", "open", "--patient", "P-011", "--dose-mg", "28", "--weight-kg", "70")
    bedside.ctl("moaas", "5")
    bedside.ctl("note", "keeps her left hand warm")
    return session_of(bedside)


def test_values_of_each_second_can_be_plotted():
    with Bedside() as bedside:
        _, display = start(bedside)
        display.wait_value("spo2")
        bedside.ctl("session", "open", "--patient", "P-010")
        display.wait_value("nibp_sys")
        shown = display.readings("nibp_sys")[-1].milli / 1000

        def rows():
            with contextlib.closing(sqlite3.connect(f"file:{bedside.record}?mode=ro", uri=True, timeout=PATIENCE_S)) as db:
                return db.execute("SELECT session, utc, spo2, nibp_sys FROM trend_values ORDER BY utc").fetchall()
        wait_for(lambda: any(row[3] == shown for row in rows()) and sum(row[2] is not None for row in rows()) >= 3,
                 "seconds on the record", seen=rows)
        assert len({row[1] for row in rows()}) == len(rows()) and {row[0] for row in rows()} == {session_of(bedside)["id"]}
        # A pressure stands in the second in which it was determined, not in every one after it.
        assert sum(row[3] is not None for row in rows()) < len(rows())


def test_old_events_go_and_a_row_says_so():
    with Bedside() as bedside:
        bedside.replayable = False
        start(bedside)
        for patient in "P-010", "P-011":
            bedside.ctl("session", "open", "--patient", patient)
            bedside.ctl("note", "something")
            bedside.ctl("session", "close", "--override", "dr.a", "--reason", "the end of the test")
        bedside.daemon.stop(signal.SIGTERM)
        with contextlib.closing(sqlite3.connect(bedside.record)) as db, db:
            first, second = (row[0] for row in db.execute("SELECT id FROM session ORDER BY opened"))
            db.execute("UPDATE session SET closed_wall_ns = closed_wall_ns - 40 * 86400 * 1000000000 WHERE id = ?", (first,))
        with open(bedside.config, encoding="utf-8") as file:
            text = file.read().replace("record {", "record { keep_events_days = 30 ")
        with open(bedside.config, "w", encoding="utf-8") as file:
            file.write(text)
        bedside.start_daemon()
        bedside.wait_record("events-removed", f'session="{first}"')
        bedside.daemon.stop(signal.SIGTERM)
        assert len(bedside.records("events-removed")) == 1
        replay(bedside, "--session", second)
        replay(bedside, "--session", first, expect=1)
        assert f'session="{first}"' in str(bedside.records("session"))


def rsyslogd(bedside, log_path):
    """The real one, with the drop-in that is shipped, on the socket of the namespace that only the daemon sees."""
    with open(os.path.join(ROOT, "systemd/vitalsd.rsyslog.conf"), encoding="utf-8") as file:
        drop_in = file.read().replace("/var/log/vitalsd.log", log_path).replace(' fileGroup="vitalsd-audit"', "")
    drop_in = drop_in.replace("\n}", f'\n  action(type="omfile" file="{log_path}.rfc5424" template="vitalsd_rfc5424")\n}}')
    conf = bedside.path("rsyslog.conf")
    with open(conf, "w", encoding="utf-8") as file:
        file.write('global(workDirectory="' + bedside.directory + '")\nmodule(load="imuxsock" SysSock.Use="off")\n'
                   'input(type="imuxsock" Socket="' + bedside.path("log") + '" RateLimit.Interval="0")\n' + drop_in)
    program = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin:/sbin")
    if program is None:
        raise Skip("rsyslogd is not installed")
    daemon = bedside.start("rsyslogd", [program, "-n", "-i", bedside.path("rsyslog.pid"), "-f", conf])
    wait_for(lambda: os.path.exists(bedside.path("log")), "rsyslogd's socket", seen=daemon.err)
    return daemon


def test_the_log_of_a_real_rsyslogd_verifies():
    with Bedside() as bedside:
        sink, wrapper = bedside.log_sink()
        sink.stop()
        bedside.sinks.remove(sink)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(bedside.path("log"))
        log_path = bedside.path("vitalsd.log")
        start(bedside, wrapper)  # nobody takes its lines yet
        wait_for(lambda: bedside.records("syslog-stalled"), "a row about the log daemon that is not there")
        log_daemon = rsyslogd(bedside, log_path)
        wait_for(lambda: bedside.records("syslog-back"), "a row about the log daemon that is back")
        log_daemon.stop()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(bedside.path("log"))
        bedside.ctl("session", "open", "--patient", "P-010")
        bedside.daemon.stop(signal.SIGKILL)  # what was not sent is sent by the next one
        start(bedside, wrapper)
        log_daemon = rsyslogd(bedside, log_path)
        bedside.ctl("note", "Grüße: der linke Arm ist kürzer, sagt sie \"x\" " + "ü" * 16)
        bedside.ctl("session", "close", "--override", "dr.a", "--reason", "the end of the test")
        bedside.daemon.stop(signal.SIGTERM)
        last = bedside.records()[-1]
        wait_for(lambda: f'seq="{last[0]}"' in read(log_path), "the last row in the log", seen=lambda: read(log_path)[-500:])
        log_daemon.stop()
        assert "ü" * 16 in str(bedside.records("observation")), "the record cuts what staff wrote"
        told = bedside.ctl("audit", "verify", bedside.record, "--syslog", log_path)
        assert told.count("0 found wrong") == 2, told
        element = re.compile(r'<13[0-5]>1 \S+ \S+ vitalsd \d+ - \[vitals@32473( [a-z_0-9]+="([^"\\\]]|\\x[0-9a-f]{2})*")+\]')
        structured = read(log_path + ".rfc5424").splitlines()
        assert len(structured) == len(read(log_path).splitlines())
        assert [line for line in structured if not element.fullmatch(line)] == [], structured
        lines = read(log_path).splitlines(keepends=True)
        with open(log_path, "w", encoding="utf-8") as file:
            file.write("".join(lines[:3] + lines[4:]))
        assert "missing" in bedside.ctl("audit", "verify", bedside.record, "--syslog", log_path, expect=1)
        story = bedside.ctl("audit", "show", bedside.record, "--person", "dr.a")
        assert "the end of the test" in story and len(story.splitlines()) < 4, story
        assert "kürzer" in bedside.ctl("audit", "show", bedside.record, "--since", "2020-01-01T00:00")


def test_auditors_read_the_record_and_nothing_else():
    """As a member of the group alone, while the monitor writes it and after it has stopped."""
    if os.geteuid() != 0:
        raise Skip("only root can become somebody else")
    with Bedside() as bedside:
        os.chmod(bedside.directory, 0o711)
        copies = bedside.path("copies")
        os.mkdir(copies)
        os.chmod(copies, 0o777)
        bedside.record_keys = 'group = "nogroup"'
        start(bedside)
        bedside.ctl("session", "open", "--patient", "P-010")
        as_auditor = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]

        def auditor(*arguments, expect=0):
            done = subprocess.run([*as_auditor, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
            assert done.returncode == expect, f"{arguments}: {done.returncode}, {done.stdout}{done.stderr}"
            return done.stdout

        def look():
            ctl = os.path.join(BUILD, "vitalsctl")
            assert "0 found wrong" in auditor(ctl, "audit", "verify", bedside.record)
            assert "P-010" in auditor(ctl, "audit", "show", bedside.record)
            auditor("/bin/sh", "-c", f"echo x >> {bedside.record}", expect=2)
            auditor("/bin/cat", bedside.record + ".last", expect=1)

        look()
        auditor("/usr/bin/python3", "-c", f"import sqlite3; sqlite3.connect('file:{bedside.record}?mode=ro', uri=True)"
                f".execute(\"VACUUM INTO '{copies}/copy.sqlite'\")")
        assert "0 found wrong" in auditor(os.path.join(BUILD, "vitalsctl"), "audit", "verify", copies + "/copy.sqlite")
        bedside.daemon.stop(signal.SIGTERM)
        look()
        assert bedside.records("record-not-shared") == []
        bedside.record_keys = 'group = "no-such-group"'
        start(bedside)
        wait_for(lambda: bedside.records("record-not-shared"), "a row that says so")


def read(path):
    with contextlib.suppress(FileNotFoundError):
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    return ""
