"""Recorded patients through the real engine, alarm by alarm against tests/replay/evaluate.py, which knows the rule
table and not the daemon. tests/replay/README.md explains every difference."""
import os
import subprocess
import sys
import tempfile

from harness import BUILD, ROOT, Skip

sys.path.insert(0, os.path.join(ROOT, "tests", "replay"))
from evaluate import END, TABLE, evaluate  # noqa: E402
from figures import FIGURES, onsets, read  # noqa: E402

DATA = os.path.join(os.path.dirname(ROOT), "shared", "vitals-data")
BIDMC = [f"bidmc/bidmc_{n}_Numerics.csv" for n in ("01", "13", "19", "22", "28", "41")]
MIMIC = "mimic2wdb/s25047_numerics.csv"
# Recording, start of administration (s), route, and whether 0 means "not measured" in it.
RUNS = [(path, 0, "iv", False) for path in BIDMC] + [
    ("bidmc/bidmc_41_Numerics.csv", END, "iv", False),
    *((MIMIC, start, "iv", True) for start in (0, 90, 600, 1230, 2400, END)),
    *((MIMIC, start, "spray", True) for start in (0, 600, 1800)),
]
# The same with values moved nearer to the limits: by how much, per column.
MOVED = [
    {"SpO2": -3}, {"SpO2": -6}, {"SpO2": -9}, {"HR": 30, "PULSE": 30}, {"HR": 45, "PULSE": 45}, {"HR": 60, "PULSE": 52},
    {"HR": -15, "PULSE": -15}, {"HR": -26, "PULSE": -26}, {"HR": -45, "PULSE": -40}, {"RESP": -8}, {"RESP": -11},
    {"RESP": 5}, {"RESP": 8},
]
MOVED_CUFF = [{"NBPSys": s, "NBPDias": d} for s, d in
              ((10, 10), (20, 0), (30, 20), (45, 30), (60, 10), (75, 35), (90, 20), (100, 50), (70, -5), (-10, -5))]
WITHIN_S = 1.0

CONFIG = """
bedside = "replay"
plan    = "{plan}"
control {{ socket = "/nonexistent/control" }}
record  {{ path = "/nonexistent/record" }}
publish {{ endpoints = {{ "ipc:///nonexistent/publish" }} }}
link "gateway" {{ type = "modbus-tcp"  host = "127.0.0.1"  tcp_port = 1502  timeout_ms = 300 }}
device "monitor" {{ link = "gateway"  map = "monitor.conf"  unit = 1  poll_period_ms = {period_ms} }}
device "cuff"    {{ link = "gateway"  map = "cuff.conf"     unit = 2  poll_period_ms = {period_ms} }}
"""
# No command: a recorded cuff cannot be asked for a repeat.
MAPS = {"monitor.conf": ("", ("ecg_hr", "pulse", "spo2", "resp")),
        "cuff.conf": ('sequence { block = "all"  address = 9 }', ("nibp_sys", "nibp_dia", "nibp_mean"))}
PLANS = {"iv": "etc/plans/ketamine-iv.conf", "spray": "etc/plans/esketamine-spray.conf"}
# One rule for each of the FIGURES: limit and value at which it is back.
COUNTS = """
title = "Counting onsets"  planned_duration_min = 40  baseline_readings = 2
missing {{ raise_after_s = 3600  priority = "none" }}
phase "all" {{ anchor = "open" }}
{rules}
"""
LIMITS = {"spo2-94": "below = 94  clear = 94", "spo2-94-hysteresis": "below = 94  clear = 96",
          "spo2-94-both": "below = 94  clear = 96", "spo2-90": "below = 90  clear = 90",
          "spo2-90-hysteresis": "below = 90  clear = 92", "spo2-90-both": "below = 90  clear = 92",
          "hr-110": "above = 110  clear = 110", "hr-110-delay": "above = 110  clear = 110",
          "rr-8": "below = 8  clear = 8", "rr-8-delay-15": "below = 8  clear = 8",
          "rr-8-delay-30": "below = 8  clear = 8"}
COLUMNS = {"SpO2": "spo2", "HR": "ecg_hr", "RESP": "resp"}


def write_config(directory, plan, period_ms):
    for name, (more, parameters) in MAPS.items():
        values = "\n".join(f'value "{p}" {{ block = "all"  address = {i}  type = "u16"  scale = "1" }}'
                           for i, p in enumerate(parameters))
        with open(os.path.join(directory, name), "w", encoding="utf-8") as f:
            f.write(f'description = "recording"\naddress_base = 0\n'
                    f'block "all" {{ table = "input"  address = 0  count = 10 }}\n{more}\n{values}\n')
    path = os.path.join(directory, "vitalsd.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(CONFIG.format(plan=plan, period_ms=period_ms))
    return path


def replay(recording, start, mode, plan, zero):
    """The lines that the replay program prints, as [seconds, name, change, priority]."""
    with tempfile.TemporaryDirectory() as directory:
        config = write_config(directory, plan, 60000 if "numerics" in recording else 1000)
        command = [os.path.join(BUILD, "tests/replay/replay_numerics"), config, recording,
                   "never" if start == END else str(start), mode, *(["zero"] if zero else [])]
        out = subprocess.run(command, capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stderr
    return [line.split() for line in out.stdout.splitlines()]


def engine(recording, start, mode, route, zero):
    """The engine's changes as the evaluation says them: (seconds, name, raised|priority|superseded|eased|end, priority)."""
    changes, latched = [], set()
    for when, name, change, priority in replay(recording, start, mode, os.path.join(ROOT, PLANS[route]), zero):
        if name == "baseline" or change in ("acknowledged", "reminded", "reason"):
            continue
        if change == "cleared" and name in latched:
            latched.discard(name)  # somebody answered: it was over before
            continue
        if change == "latched":
            latched.add(name)
        if change == "raised":
            latched.discard(name)
        changes.append((float(when), name, "end" if change in ("latched", "cleared") else change, priority))
    return changes


def moved(recording, by, directory, zero):
    """A copy of the recording with other values; what is missing stays missing."""
    with open(os.path.join(DATA, recording), encoding="ascii") as f:
        head, *rows = [[cell.strip() for cell in line.split(",")] for line in f]
    path = os.path.join(directory, os.path.basename(recording))
    with open(path, "w", encoding="ascii") as f:
        print(",".join(head), file=f)
        for row in rows:
            empty = ("", "NaN", "0") if zero else ("", "NaN")
            print(",".join(cell if name not in by or cell in empty else f"{max(0, float(cell) + by[name]):.1f}"
                           for name, cell in zip(head, row)), file=f)
    return path


def differences(found, expected):
    """What one has and the other lacks: same name and change, priority too, within a second."""
    missing = list(expected)
    extra = []
    for change in found:
        same = [other for other in missing if other[1:] == change[1:] and abs(other[0] - change[0]) <= WITHIN_S]
        if same:
            missing.remove(min(same, key=lambda other: abs(other[0] - change[0])))
        else:
            extra.append(change)
    return extra, missing


def need_recordings():
    if not os.path.isdir(DATA):
        raise Skip("no recordings beside the checkout")


def compare(mode, runs, least):
    """`runs`: (path, start, route, whether 0 means "not measured", what to call it)."""
    compared, wrong, from_table = 0, [], 0
    for path, start, route, zero, name in runs:
        found = engine(path, start, mode, route, zero)
        extra, missing = differences(found, evaluate(path, start, mode, route, zero))
        compared += len(found)
        from_table += sum(map(len, differences(found, evaluate(path, start, mode, route, zero, TABLE))))
        where = f"{name} start {start} {route}"
        wrong += [f"{where}: engine only: {c}" for c in extra] + [f"{where}: expected only: {c}" for c in missing]
    print(f"{compared} changes of alarms compared, {len(wrong)} different; {from_table} from the bare table")
    assert compared > least and not wrong, "\n".join(wrong)


def as_recorded(mode):
    need_recordings()
    compare(mode, [(os.path.join(DATA, run[0]), *run[1:], os.path.basename(run[0])) for run in RUNS], 700)


def nearer_to_limits(mode):
    need_recordings()
    runs = []
    with tempfile.TemporaryDirectory() as directory:
        for recording, by in [(r, by) for by in MOVED for r in BIDMC] + [(MIMIC, by) for by in MOVED_CUFF]:
            into = os.path.join(directory, str(len(runs)))
            os.mkdir(into)
            path = moved(recording, by, into, recording == MIMIC)
            for start in (0,) if recording != MIMIC else (0, 600, 1290):
                runs.append((path, start, "iv", recording == MIMIC, f"{os.path.basename(recording)} {by}"))
        compare(mode, runs, 1500)


def test_recorded_patients_attended():
    as_recorded("attended")


def test_recorded_patients_unattended():
    as_recorded("nobody")


def test_recorded_patients_nearer_to_limits_attended():
    nearer_to_limits("attended")


def test_recorded_patients_nearer_to_limits_unattended():
    nearer_to_limits("nobody")


def test_recorded_onsets():
    """Onsets with and without delay and hysteresis: the engine counts what the plain numbers say."""
    need_recordings()
    rules = "\n".join(
        f'rule "{name}" {{ text = "{name}"  priority = "low"  delay_s = {lasts}  clear_delay_s = 0  '
        f'term "{COLUMNS[column]}" {{ {LIMITS[name]} }} }}' for name, column, _, _, lasts in FIGURES)
    total = 0
    with tempfile.TemporaryDirectory() as directory:
        plan = os.path.join(directory, "counts.conf")
        with open(plan, "w", encoding="utf-8") as f:
            f.write(COUNTS.format(rules=rules))
        for recording in BIDMC:
            lines = replay(os.path.join(DATA, recording), END, "nobody", plan, False)
            values = read(os.path.join(DATA, recording))
            for name, column, bad, back, lasts in FIGURES:
                found = sum(line[1:3] == [name, "raised"] for line in lines)
                expected = onsets(values[column], bad, back, lasts)
                assert found == expected, f"{recording} {name}: engine {found}, counted {expected}"
                total += found
    assert total > 20, f"only {total} onsets"
