"""The whole rule table on real processes: gates and overrides, confirmation by repeat, leaving, limits, take-outs, test
alarm, receipts, and a configuration that changes under a running monitor."""
import json
import os
import pwd
import re
import signal
import subprocess
import time

from harness import BUILD, PATIENCE_S, ROOT, Bedside, pb, wait_for
from test_bedside import devices

GATES = '''
gate "G2" { text = "SpO2 below 94 %"  delay_s = 1  clear_delay_s = 1  term "spo2" { below = 94 } }
item "cuff-arm" { when = "start"  text = "The cuff is not on the arm with the drip" }
item "escort"   { when = "leave"  text = "Somebody takes the patient home" }
leave { rule "MOAAS" { text = "MOAA/S 5"  term "moaas" { at-least = 5 } } }
'''


def start(bedside, plan_more="", extra=""):
    """Simulator, daemon with the demonstration plan and `plan_more`, and a subscriber that has values."""
    sim = bedside.start_sim("--seed", "7", "--speed", "60", "--cuff-failures", "0", "--oximeter-pty",
                            bedside.path("oximeter"), "--cuff-pty", bedside.path("cuff"), "--ecg-tcp", "0")
    port = re.search(r"listening ecg 127\.0\.0\.1:(\d+)", sim.out()).group(1)
    with open(os.path.join(ROOT, "etc/plans/demo.conf"), encoding="utf-8") as f:
        plan = f.read() + plan_more
    with open(bedside.path("plan.conf"), "w", encoding="utf-8") as f:
        f.write(plan)
    bedside.write_config(devices(bedside, port), plan=bedside.path("plan.conf"), extra=extra)
    if extra:
        with open(bedside.config, encoding="utf-8") as f:
            text = f.read()
        with open(bedside.config, "w", encoding="utf-8") as f:
            f.write(text.replace(extra, "").replace('publish { ', f'publish {{ {extra} '))
    bedside.start_daemon()
    display = bedside.subscribe()
    for parameter in ("spo2", "ecg_hr", "etco2"):
        display.wait_value(parameter)
    return sim, display


def refused(bedside, *arguments):
    """What vitalsctl says when the monitor refuses."""
    done = subprocess.run([os.path.join(BUILD, "vitalsctl"), "--socket", bedside.control, *arguments],
                          capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 1, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stderr


def session(bedside):
    return bedside.request(status=pb.Empty()).snapshot.session


def rested(bedside):
    """Until both cuff readings of the baseline are there. A reading whose answer comes too late on a busy machine is lost,
    and told as such: then it is taken again, as staff would."""
    for _ in range(4):
        try:
            return wait_for(lambda: session(bedside).baseline_complete, "the baseline", PATIENCE_S / 2)
        except AssertionError:
            subprocess.run([os.path.join(BUILD, "vitalsctl"), "--socket", bedside.control, "cuff", "start"],
                           capture_output=True, timeout=PATIENCE_S, check=False)  # refused while it is not connected
    return wait_for(lambda: session(bedside).baseline_complete, "the baseline", 2 * PATIENCE_S)


def test_gate_blocks_until_it_is_cured_or_overridden():
    with Bedside() as bedside:
        sim, display = start(bedside, GATES)
        sim.say("event cable-pull cuff")  # no reading of the baseline before it is looked at
        display.wait_device("cuff", "down")
        bedside.ctl("session", "open", "--patient", "P-101", "--series", "4", "--age", "67", "--weight-kg", "70",
                    "--dose-mg", "35", "--concentration-mg-ml", "1", "--second-person", "dr.b")
        opened = session(bedside)
        assert (opened.series, opened.age_years, opened.ug_per_ml, opened.second_person) == (4, 67, 1000, "dr.b")
        assert [(i.name, i.before_start, i.ticked) for i in opened.item] == \
            [("cuff-arm", True, False), ("escort", False, False)]
        assert [(b.name, b.text) for b in session(bedside).blocker if b.name == "baseline"] == \
            [("baseline", "0 of 2 cuff readings for the baseline: wait, or start one")]
        sim.say("event cable-plug cuff")
        rested(bedside)
        words = refused(bedside, "session", "start")
        assert "cuff-arm: The cuff is not on the arm with the drip" in words and "--override" in words, words
        bedside.wait_record("command", 'command="session-start"', 'result="blocked"', 'blockers="cuff-arm"')
        assert not session(bedside).started
        bedside.ctl("item", "cuff-arm")
        wait_for(lambda: any(s.change == "item" for s in display.bodies("session")), "the tick on the wire")
        assert not session(bedside).blocker
        bedside.ctl("item", "cuff-arm", "--off")
        assert [b.name for b in session(bedside).blocker] == ["cuff-arm"]
        bedside.ctl("item", "no-such-item", expect=1)
        bedside.ctl("session", "start", "--override", "dr.a", expect=2)  # nobody overrides without a reason
        bedside.ctl("session", "start", "--override", "dr.a", "--reason", "no drip on that side")
        started = session(bedside)
        assert started.started and started.start_override.name == "dr.a"
        assert started.start_override.reason == "no drip on that side"
        bedside.wait_record("override", 'command="session-start"', 'blockers="cuff-arm"', 'override="dr.a"',
               'override_reason="no drip on that side"')
        bedside.wait_record("item", 'item="cuff-arm"', 'ticked="no"')
        bedside.wait_record("session", 'change="opened"', 'series="4"', 'age_years="67"', 'second_person="dr.b"')


def test_low_saturation_at_the_gate_blocks():
    with Bedside() as bedside:
        sim, display = start(bedside, GATES)
        bedside.ctl("session", "open", "--patient", "P-102")
        bedside.ctl("item", "cuff-arm")
        sim.say("event desaturation 91 over 1 for 3600")
        wait_for(lambda: [b.name for b in session(bedside).blocker] == ["G2"], "the gate")
        assert "G2: SpO2 below 94 %" in refused(bedside, "session", "start")
        sim.say("event desaturation 98 over 1 for 1")
        wait_for(lambda: not session(bedside).blocker, "the open gate")
        bedside.ctl("session", "start")
        assert not session(bedside).HasField("start_override") and display.bodies("session")


def test_leaving_is_blocked_then_free():
    with Bedside() as bedside:
        start(bedside, GATES)
        bedside.ctl("session", "open", "--patient", "P-103")
        bedside.ctl("item", "cuff-arm")
        rested(bedside)
        bedside.ctl("session", "start")
        bedside.ctl("session", "stop")
        words = refused(bedside, "session", "close")
        assert "escort: Somebody takes the patient home" in words and "MOAAS: MOAA/S 5" in words, words
        bedside.ctl("item", "escort")
        bedside.ctl("observe", "--moaas", "5")
        bedside.ctl("session", "close")
        assert not session(bedside).open
        bedside.ctl("session", "open", "--patient", "P-104")
        bedside.ctl("item", "cuff-arm")
        bedside.ctl("session", "start", "--override", "dr.a", "--reason", "baseline of a minute ago")
        bedside.ctl("session", "stop")
        bedside.ctl("session", "close", "--override", "dr.a", "--reason", "goes to the ward")
        bedside.wait_record("override", 'command="session-close"', "escort", "MOAAS", 'override="dr.a"')


def test_first_reading_is_medium_and_its_repeat_makes_it_high():
    with Bedside() as bedside:
        sim, display = start(bedside)
        sim.say("event surge 190 112 for 3600")
        bedside.ctl("session", "open", "--patient", "P-105")
        first = display.wait_alarm("B1", "raised")
        assert first.confirms and not first.confirmed and first.priority == pb.PRIORITY_MEDIUM, first
        second = display.wait_alarm("B1", "priority")
        assert second.confirmed and second.priority == pb.PRIORITY_HIGH and second.generation > first.generation
        bedside.wait_record("alarm", 'condition="B1"', 'change="raised"', 'confirmed="no"')
        bedside.wait_record("alarm", 'condition="B1"', 'change="priority"', 'confirmed="yes"')


def test_alarm_load_is_counted():
    with Bedside() as bedside:
        sim, display = start(bedside)
        bedside.ctl("session", "open", "--patient", "P-106")
        sim.say("event desaturation 87 over 1 for 3600")
        display.wait_alarm("O2", "raised")
        bedside.ctl("alarm", "ack", "O2")
        table = bedside.ctl("session", "load")
        assert re.search(r"^O2 +high +1 +\d+ +1 ", table, re.M), table
        bedside.ctl("session", "close", "--override", "dr.a", "--reason", "to the ward, with its alarm")
        closed = wait_for(lambda: next((s.session for s in display.bodies("session") if s.change == "closed"), None),
                          "the close on the wire")
        load = next(row for row in closed.load if row.condition == "O2")
        assert load.raised == 1 and load.acknowledged == 1
        bedside.wait_record("load", 'condition="O2"', 'raised="1"', 'acknowledged="1"')
        assert re.search(r"^O2 +high +1 ", bedside.ctl("session", "load"), re.M)


def test_limits_for_one_patient():
    with Bedside() as bedside:
        _, display = start(bedside)
        bedside.ctl("session", "open", "--patient", "P-107")
        limits = {(l.rule, l.term): l for l in session(bedside).limit}
        o2 = limits[("O2", "spo2.below")]
        assert o2.limit_milli == 90000 and o2.parameter == "spo2"
        assert o2.comparison == pb.COMPARISON_BELOW and not o2.changed
        assert limits[("B5", "nibp_dia.rise-at-least")].reference == pb.REFERENCE_BASELINE
        bedside.ctl("limit", "H1", "105", "--reason", "resting rate is low")  # tighter: free
        bedside.ctl("limit", "H2", "140", "--reason", "athlete", expect=1)  # a critical one, looser: two people
        bedside.ctl("limit", "H2", "140", "--reason", "athlete", "--second-person", "dr.b")
        bedside.ctl("limit", "H1", "131", "--reason", "athlete", "--second-person", "dr.b", expect=1)  # beyond H2's
        bedside.ctl("limit", "no-rule", "1", "--reason", "x", expect=1)
        bedside.ctl("limit", "H1", "105", expect=2)
        limits = {(l.rule, l.term): l for l in session(bedside).limit}
        assert limits[("H1", "heart_rate.above")].limit_milli == 105000 and limits[("H1", "heart_rate.above")].changed
        assert limits[("H2", "heart_rate.above")].limit_milli == 140000
        bedside.wait_record("limit", 'rule="H1"', 'old="110.000"', 'new="105.000"', 'reason="resting rate is low"')
        bedside.ctl("limit", "B5", "30", "--reason", "frail", expect=1)  # which of the two?
        bedside.ctl("limit", "B5", "20", "--term", "nibp_dia", "--reason", "frail")
        bedside.wait_record("limit", 'rule="B5"', 'term="nibp_dia.rise-at-least"', 'new="20.000"')
        bedside.wait_record("limit", 'rule="H2"', 'old="130.000"', 'new="140.000"', 'second_person="dr.b"')
        bedside.wait_record("command", 'command="limit"', 'result="second-person"')
        assert any(s.change == "limit" for s in display.bodies("session"))


def test_two_people_are_two_and_known():
    """Nobody signs twice under another spelling, and nobody unknown signs at all; the record has one spelling of each."""
    with Bedside() as bedside:
        start(bedside)
        actor = pwd.getpwuid(os.geteuid()).pw_name
        tenfold = ("session", "open", "--patient", "P-109", "--weight-kg", "70", "--dose-mg", "350")
        for spelling in (actor, actor.upper(), actor.capitalize(), f"uid-{os.geteuid()}"):
            assert refused(bedside, *tenfold, "--second-person", spelling), spelling
        words = refused(bedside, *tenfold, "--second-person", "dr.x")
        assert "Nobody is known here as dr.x. Known are:" in words and "dr.a dr.b" in words, words
        bedside.wait_record("command", 'command="session-open"', 'result="unknown-name"', "dr.x")
        assert not session(bedside).open
        bedside.ctl(*tenfold, "--second-person", "DR.B")
        assert session(bedside).second_person == "dr.b"
        bedside.wait_record("session", 'change="opened"', 'second_person="dr.b"')
        refused(bedside, "session", "start", "--override", "dr.x", "--reason", "in a hurry")
        refused(bedside, "limit", "H2", "140", "--reason", "athlete", "--second-person", "dr.x")
        bedside.ctl("limit", "H2", "140", "--reason", "athlete", "--second-person", "Dr.A")
        bedside.wait_record("limit", 'rule="H2"', 'second_person="dr.a"')
        bedside.ctl("session", "start", "--override", "Dr.A", "--reason", "in a hurry")
        assert session(bedside).start_override.name == "dr.a"


def test_test_alarm_travels_the_whole_path():
    with Bedside() as bedside:
        _, display = start(bedside)
        bedside.ctl("test-alarm")
        alarm = display.wait_alarm("test", "raised")
        assert alarm.test and alarm.kind == pb.CONDITION_KIND_TECHNICAL
        assert "TEST" in bedside.ctl("alarm", "list")
        gone = refused(bedside, "alarm", "ack", "no-such")
        assert "there is no alarm no-such. Now:" in gone and "test" in gone, gone
        told = bedside.ctl("alarm", "ack", "TEST")
        assert "Acknowledged" in told, told
        display.wait_alarm("test", "cleared")
        bedside.wait_record("alarm", 'condition="test"', 'change="raised"', 'test="yes"')


def test_short_forms_say_what_was_recorded_and_for_whom():
    with Bedside() as bedside:
        _, display = start(bedside)
        assert "open" in refused(bedside, "oxygen", "2")
        bedside.ctl("call-help")  # needs no session
        alarm = display.wait_alarm("help", "raised")
        assert alarm.priority == pb.PRIORITY_HIGH and not alarm.test, alarm
        assert alarm.kind == pb.CONDITION_KIND_PROCEDURAL, alarm
        bedside.ctl("ack", "help")
        display.wait_alarm("help", "cleared")
        bedside.ctl("session", "open", "--patient", "P-130")
        for words, told in ((("moaas", "5"), "MOAA/S 5"), (("cadss", "12"), "CADSS 12"),
                            (("distressed",), "distressed"), (("settled",), "settled"), (("note", "slept badly"), "slept badly"),
                            (("oxygen", "2.5"), "oxygen 2.5 L/min"), (("oxygen", "air"), "on air")):
            answer = bedside.ctl(*words)
            assert "Recorded for P-130 at " in answer and told in answer, (words, answer)
        bedside.ctl("oxygen", "61", expect=2)
        bedside.ctl("moaas", "6", expect=2)
        assert session(bedside).oxygen.ml_per_min == 0 and session(bedside).HasField("oxygen")
        bedside.ctl("oxygen", "2")
        assert session(bedside).oxygen.ml_per_min == 2000 and session(bedside).oxygen.by
        assert "O2 2 L/min" in bedside.ctl("status")
        bedside.wait_record("oxygen", 'session="', 'ml_per_min="2000"')
        bedside.wait_record("observation", 'parameter="cadss"', 'score="12.000"')
        assert any(s.change == "oxygen" for s in display.bodies("session"))


def test_taken_out_is_shown_recorded_and_put_back():
    with Bedside() as bedside:
        _, display = start(bedside)
        bedside.ctl("session", "open", "--patient", "P-108")
        bedside.ctl("take-out", "parameter", "etco2", "--minutes", "5", "--reason", "eats")
        alarm = display.wait_alarm("taken-out-etco2", "raised")
        assert alarm.priority == pb.PRIORITY_LOW
        out = session(bedside).taken_out
        assert len(out) == 1 and out[0].parameter == "etco2" and out[0].reason == "eats" and 0 < out[0].left_ns <= 300e9
        assert "NOT ALARMING: etco2" in bedside.ctl("status")
        # Saturation is what a critical limit looks at, and nothing else measures it.
        refused(bedside, "take-out", "parameter", "spo2", "--minutes", "1", "--reason", "new finger")
        bedside.ctl("take-out", "parameter", "spo2", "--minutes", "1", "--reason", "new finger", "--override", "dr.a")
        bedside.wait_record("take-out", 'parameter="spo2"', 'duration_s="60"', 'override="dr.a"')
        bedside.ctl("take-out", "device", "no-such", "--minutes", "1", "--reason", "x", expect=1)
        bedside.ctl("put-back", "etco2")
        bedside.ctl("put-back", "spo2")
        assert not session(bedside).taken_out
        display.wait_alarm("taken-out-etco2", "cleared")
        bedside.wait_record("put-back", 'parameter="etco2"')


def test_required_display_that_stops_confirming_is_an_alarm():
    with Bedside() as bedside:
        sim, display = start(bedside, extra='required_displays = { "station" }  confirm_within_s = 10')

        def watch(name):
            return bedside.start(name, [os.path.join(BUILD, "vitalsctl"), "--socket", bedside.control, "--json", "watch",
                                        "--endpoint", bedside.endpoint, "--confirm", "station"])

        first = watch("watch-1")
        wait_for(lambda: '"snapshot"' in first.out(), "the watching display", seen=first.err)
        bedside.ctl("session", "open", "--patient", "P-109")
        sim.say("event desaturation 87 over 1 for 3600")
        raised = display.wait_alarm("O2", "raised")
        # Well past the time in which an unconfirmed alarm becomes one itself, and nothing of the sort happened.
        wait_for(lambda: any(m.sent_unix_ns > raised.raised_unix_ns + 12e9 for _, _, m in display.messages), "twelve seconds more")
        assert not display.alarms("service-displays"), "it confirms all the time"
        first.stop(signal.SIGINT)
        display.wait_alarm("service-displays", "raised")
        mark = display.mark()
        watch("watch-2")
        display.wait_alarm("service-displays", "cleared", mark)
        assert not any("receipt" in row[3] for row in bedside.records("command")), "receipts are not recorded one by one"
        bedside.wait_record("alarm", 'condition="service-displays"', 'change="raised"')
        bedside.wait_record("alarm", 'condition="service-displays"', 'change="cleared"')


def test_receipts_of_another_epoch_or_display_are_refused():
    with Bedside() as bedside:
        _, display = start(bedside, extra='required_displays = { "station" }  confirm_within_s = 60')
        epoch = display.messages[-1][2].epoch
        answer = bedside.request(receipt=pb.Receipt(display="station", epoch=epoch, alarm_sequence=0))
        assert answer.result == "ok", answer
        for receipt in (pb.Receipt(display="station", epoch=epoch ^ 1), pb.Receipt(display="nobody", epoch=epoch),
                        pb.Receipt(display="station", epoch=epoch, alarm_sequence=10**6)):
            answer = bedside.request(receipt=receipt)
            assert answer.result in ("out-of-range", "unknown-name"), answer


def test_changed_configuration_is_refused_and_told():
    with Bedside() as bedside:
        _, display = start(bedside)
        with open(bedside.config, encoding="utf-8") as f:
            good = f.read()

        def reload(text):
            with open(bedside.config, "w", encoding="utf-8") as f:
                f.write(text)
            bedside.daemon.popen.send_signal(signal.SIGHUP)

        def notices(what):
            return [row[3] for row in bedside.records("notice") if f'what="{what}"' in row[3]]

        reload(good)
        wait_for(lambda: notices("reload-unchanged"), "the answer to an unchanged configuration")
        assert not display.alarms("service-config")
        reload(good + "\n# another word\n")
        display.wait_alarm("service-config", "raised")
        wait_for(lambda: any("restart" in line for line in notices("reload-refused")), "the notice")
        reload(good.replace("baud = 19200", "baud = 12345"))
        wait_for(lambda: any("baud" in line and "12345" in line for line in notices("reload-refused")), "the first error")
        mark = display.mark()
        display.wait_value("spo2", mark)
        reload(good)
        display.wait_alarm("service-config", "cleared")
        assert bedside.daemon.running()


def test_late_engine_tells_it():
    with Bedside() as bedside:
        _, display = start(bedside)
        mark = display.mark()
        os.kill(bedside.daemon.pid, signal.SIGSTOP)
        stopped = time.monotonic()
        wait_for(lambda: time.monotonic() - stopped > 1, "a second without the engine")
        os.kill(bedside.daemon.pid, signal.SIGCONT)
        # A busy machine may have made it late already.
        wait_for(lambda: display.alarms("service-engine") or any(a.condition == "service-engine" for s in
                                                                 display.bodies("snapshot") for a in s.alarm),
                 "the alarm of a late engine", seen=display.seen)
        display.wait_alarm("service-engine", "cleared", mark)
        bedside.wait_record("notice", 'what="engine-late"')


def test_spray_devices_are_stamped():
    spray = '''
dose { device_mg = 28  device_rest_s = 20 }
'''
    with Bedside() as bedside:
        start(bedside, spray)
        bedside.ctl("session", "open", "--patient", "P-110", "--dose-mg", "56")
        rested(bedside)
        assert "starts with the first spray device" in refused(bedside, "session", "start")
        bedside.ctl("session", "device")
        first = session(bedside)
        assert first.started and len(first.given) == 1 and first.device_ug == 28000, first
        assert "Too soon: the next device is due in" in refused(bedside, "session", "device")
        bedside.wait_record("command", 'command="device-given"', 'result="wrong-state"', 'why="Too soon')
        wait_for(lambda: session(bedside).given[0].age_ns > 20e9, "the rest between two devices")
        bedside.ctl("session", "device")
        assert len(session(bedside).given) == 2
        assert json.loads(bedside.ctl("--json", "status"))["snapshot"]["session"]["given"]


def test_expected_response_is_marked_as_a_prediction():
    with Bedside() as bedside:
        _, display = start(bedside, 'route = "iv"\n')
        bedside.ctl("session", "open", "--patient", "P-111", "--weight-kg", "70", "--dose-mg", "35")
        assert session(bedside).route == "iv" and not session(bedside).HasField("expected"), "nothing was given yet"
        rested(bedside)
        bedside.ctl("session", "start")
        expected = wait_for(lambda: session(bedside).expected.ng_per_l > 0 and session(bedside).expected, "a prediction")
        assert 0 < expected.low_ng_per_l <= expected.ng_per_l <= expected.high_ng_per_l, expected
        assert "PREDICTION, not measured" in bedside.ctl("status")
        mark = display.mark()
        assert display.wait("snapshot", mark).session.expected.ng_per_l > 0
