#!/usr/bin/python3
"""What should be alarmed in a recording: an evaluation of its own, written from the rule table of the session protocol
(G1 .. L2: limits, delays, clear values, priorities) and nothing else. It shares no code and no numbers with the daemon:
the table below is typed by hand, times are fractions of seconds, and every rule is looked at over the whole recording
at once (stretches of violated, between, back and unknown) instead of event by event.

usage: evaluate.py CSV START_S|never nobody|attended iv|spray [zero] [table]
Prints "SECONDS NAME CHANGE PRIORITY" with the changes raised, priority, superseded, eased, worse, end. Without `table` the deviations
that README.md explains (DEVIATIONS) are applied, with it they are not."""
import csv
import sys

END = float("inf")
MINUTE = 60.0
STALE_PERIODS = 3
LOST_PERIODS = 4        # the third row in a row that brings no value after one beyond the limit
GAP_S = 90              # a gap no longer than this only stops a delay
NET = (3, 60)           # so many times beyond the limit within so many seconds, in the rules of NETTED
NETTED = ("H2", "H4", "O2", "O3", "R2")
TOGETHER_S = 5          # values of the monitor that go within this go together; the first of LOOKED_AT stands for all
LOOKED_AT = ("SpO2", "HR", "RESP", "PULSE")
REMINDER_S = 180        # an answered alarm that still stands is announced again
CONFIRM_S = 90          # "2x": a second cuff reading within 60 to 90 s
PLAUSIBLE = {"HR": (0, 350), "PULSE": (15, 330), "SpO2": (1, 100), "RESP": (0, 150)}

# Rules on live values: value, delay, violated, clear delay, back at clear, priority, and which stand for them.
LIVE = {
    "H1": ("RATE", 60, lambda v: v > 110, 30, lambda v: v <= 105, "low", ["H2"]),
    "H2": ("RATE", 15, lambda v: v > 130, 30, lambda v: v <= 125, "high", []),
    "H3": ("RATE", 30, lambda v: v < 50, 30, lambda v: v >= 55, "medium", ["H4"]),
    "H4": ("RATE", 10, lambda v: v <= 40, 15, lambda v: v >= 45, "high", []),
    "H5": ("|HR-PULSE|", 30, lambda v: v > 20, 30, lambda v: v <= 10, "low", []),
    "O1": ("SpO2", 30, lambda v: v < 93, 15, lambda v: v >= 95, "medium", ["O2", "O3"]),
    "O2": ("SpO2", 15, lambda v: v < 90, 15, lambda v: v >= 92, "high", ["O3"]),
    "O3": ("SpO2", 5, lambda v: v < 85, 15, lambda v: v >= 92, "high", []),
    "R1": ("RESP", 30, lambda v: v < 10, 30, lambda v: v >= 12, "medium", ["R2"]),
    "R2": ("RESP", 15, lambda v: v <= 8, 30, lambda v: v >= 10, "high", []),
    "R3": ("RESP", 60, lambda v: v > 24, 30, lambda v: v <= 22, "medium", []),
}
# Rules on cuff readings: violated, back, priority at the first reading, priority confirmed, which stand for them. The
# third argument is the rise above baseline (or None), the fourth the mean. B2 needs one reading; the others two.
CUFF = {
    "B1": (lambda s, d, r, m: s >= 180 or d >= 110, lambda s, d, r, m: s <= 170 and d <= 105, "medium", "high", ["B2"]),
    "B2": (lambda s, d, r, m: s >= 200 or d >= 120, lambda s, d, r, m: s <= 170 and d <= 105, "high", "high", []),
    "B3": (lambda s, d, r, m: s > 160 or d > 100, lambda s, d, r, m: s <= 155 and d <= 95, None, "medium", ["B1", "B2"]),
    "B4": (lambda s, d, r, m: s > 160 or d > 100, lambda s, d, r, m: s <= 155 and d <= 95, None, "medium",
           ["B3", "B1", "B2"]),
    "B5": (lambda s, d, r, m: r is not None and (r[0] >= 40 or r[1] >= 25),
           lambda s, d, r, m: r is None or (r[0] <= 30 and r[1] <= 20), None, "medium", ["B1", "B2", "B3"]),
    "B6": (lambda s, d, r, m: s <= 90, lambda s, d, r, m: s >= 95, "medium", "high", []),
    "B8": (lambda s, d, r, m: r is not None and r[0] <= -30, lambda s, d, r, m: r is None or r[0] >= -25, None, "medium",
           ["B6", "B9"]),
    "B9": (lambda s, d, r, m: m < 65, lambda s, d, r, m: m >= 70, None, "medium", ["B6"]),
    "B10": (lambda s, d, r, m: s - d <= 20 and s <= 120, lambda s, d, r, m: s - d >= 25 or s >= 125, None, "medium", ["B6", "B9"]),
    # Of B11 the last argument is the shock index.
    "B11": (lambda s, d, r, m: m > 0.9, lambda s, d, r, m: m <= 0.8, None, "medium", ["B6", "H2"]),
}
# Acknowledged and worse by so much since: told again. Of cuff rules for each pressure: which (0 systolic, 1 diastolic, 2 mean,
# 3 and 4 their rises), upwards or not, what is still beyond `clear`.
WORSE_LIVE = {"H1": 8, "H2": 8, "H3": 8, "H4": 8, "O1": 4, "O2": 4, "O3": 4, "R1": 2, "R2": 2, "R3": 2}
WORSE_CUFF = {
    "B1": [(0, 1, lambda v: v > 170), (1, 1, lambda v: v > 105)],
    "B2": [(0, 1, lambda v: v > 170), (1, 1, lambda v: v > 105)],
    "B3": [(0, 1, lambda v: v > 155), (1, 1, lambda v: v > 95)],
    "B4": [(0, 1, lambda v: v > 155), (1, 1, lambda v: v > 95)],
    "B5": [(3, 1, lambda v: v > 30), (4, 1, lambda v: v > 20)],
    "B6": [(0, -1, lambda v: v < 95)],
    "B8": [(3, -1, lambda v: v < -25)],
    "B9": [(2, -1, lambda v: v < 70)],
}
WORSE_CUFF_STEP = {"B9": 5}  # 10 for the others
# What else these look at, without a step: the pulse pressure with the systolic one; the shock index.
ALSO = {"B10": [(None, -1, None), (0, -1, lambda v: v < 125)], "B11": [(None, 1, None)]}
# Check times in minutes since opening, start or end; minutes until late; what later grid replaces what lies ahead.
CHECKS = {
    "iv": {
        "late-cuff-baseline": ("open", [0, 5, 15, 25, 35, 45, 55, 65, 75, 85, 95, 105, 120], 5, ["start", "end"], 2),
        "late-cuff": ("start", list(range(5, 125, 5)), 2, ["end"], 2),
        "late-cuff-after": ("end", [10, 20, 30, 45, 60], 5, [], 2),
        "late-moaas": ("start", [10, 20, 30, 40], 5, ["end"], 2),
        "late-moaas-after": ("end", [20, 60], 5, [], 2),
        "late-cadss": ("start", [20, 40], 5, ["end"], 2),
        "late-cadss-after": ("end", [60], 5, [], 2),
    },
    "spray": {
        "late-cuff-baseline": ("open", [0, 5, 15, 25, 35, 45, 55, 65, 75, 85, 95, 105, 120], 5, ["start"], 2),
        "late-cuff-20": ("start", [20], 5, [], 2),
        "late-cuff-40": ("start", [40], 5, [], 5),
        "late-cuff": ("start", [60, 90, 120], 5, [], 2),
        "late-moaas": ("start", [15, 30, 45, 60, 90, 120], 5, [], 2),
        "late-cadss": ("start", [40, 90], 5, [], 2),
    },
}
ADMINISTRATION_MIN = {"iv": 40, "spray": 20}
MISSING = {"HR": "missing-ecg_hr", "PULSE": "missing-pulse", "SpO2": "missing-spo2", "RESP": "missing-resp"}
RANK = {"low": 1, "medium": 2, "high": 3}

# C3 is medium in these phases only: by the plans in all of them, on purpose (README.md).
DEVIATIONS = {"urgent_missing_phases": None}
TABLE = {"urgent_missing_phases": "infusion and peak"}


class Recording:
    """Times in seconds; live[name]: list of (time, value or None); cuff: list of (time, sys, dia), None where empty."""

    def __init__(self, path, zero_is_missing):
        with open(path, newline="", encoding="ascii") as f:
            rows = list(csv.reader(f, skipinitialspace=True))
        head = rows.pop(0)
        unit = MINUTE if head[0] == "minute" else 1.0
        self.period = unit
        self.times = [float(row[0]) * unit for row in rows]
        self.last = self.times[-1]
        self.live = {}
        for name, (low, high) in PLAUSIBLE.items():
            column = head.index(name)
            self.live[name] = [(t, self.number(row[column], zero_is_missing, low, high))
                               for t, row in zip(self.times, rows)]
        pairs = list(zip(self.live["HR"], self.live["PULSE"]))
        self.live["RATE"] = [(t, b if a is None else a) for (t, a), (_, b) in pairs]  # the ECG's, else the oximeter's
        self.rate = dict(self.live["RATE"])
        self.live["|HR-PULSE|"] = [(t, None if a is None or b is None else abs(a - b)) for (t, a), (_, b) in pairs]
        self.cuff, self.mean = [], {}
        if "NBPSys" in head:
            first = head.index("NBPSys")
            for t, row in zip(self.times, rows):
                if any(row[first:first + 3]):
                    self.cuff.append((t, *(float(cell) if cell else None for cell in row[first:first + 2])))
                    self.mean[t] = float(row[first + 2]) if row[first + 2] else None

    @staticmethod
    def number(text, zero_is_missing, low, high):
        if text in ("", "NaN"):
            return None
        value = float(text)
        return None if (value == 0 and zero_is_missing) or not low <= value <= high else value

    def stretches(self, name, state):
        """[(from, to, state)], joined. A value holds until the next one, for three periods at most."""
        found = []
        samples = self.live[name]
        for i, (t, value) in enumerate(samples):
            following = samples[i + 1][0] if i + 1 < len(samples) else END
            stale = t + STALE_PERIODS * self.period
            parts = [(t, min(following, stale), "unknown" if value is None else state(t, value))]
            if stale < following:
                parts.append((stale, following, "unknown"))
            for part in parts:
                if found and found[-1][2] == part[2]:
                    found[-1] = (found[-1][0], part[1], part[2])
                else:
                    found.append(part)
        return found


def believable(sys_, dia):
    """Rule C2. How low it is makes no difference: what does not contradict itself is judged."""
    return sys_ is not None and dia is not None and 0 < sys_ <= 260 and 0 < dia <= 180 and sys_ - dia >= 10


class Evaluation:
    def __init__(self, recording, start, nobody, route, choices):
        self.recording, self.start, self.nobody, self.route = recording, start, nobody, route
        self.choices = choices
        self.end = END if start == END else start + ADMINISTRATION_MIN[route] * MINUTE
        self.valid = [(t, s, d) for t, s, d in recording.cuff if believable(s, d)]
        self.present = {}   # rule -> [(from, to)], announced or not
        self.begun = {}     # rule -> when each of these was first violated
        self.latches = set()  # (rule, time): nobody had answered it when it ended
        self.beyond = {}    # rule -> function(time): a value is beyond its limit
        self.answers = {}   # rule -> [(when somebody answered it, the values of then)]
        self.inherited = {}  # (rule, time at which it eased) -> when somebody answered what it took the place of
        self.returning = {}  # rule -> function(time): on its way back to normal
        self.steps = {}     # rule -> [(time, priority)] while present
        self.changes = []
        self.find_baseline()

    def find_baseline(self):
        """The mean of the first two valid readings; the start completes it with what there is."""
        before = [reading for reading in self.valid if reading[0] < self.start][:2]
        if len(before) == 2:
            self.baseline_at, used = before[1][0], before
        elif before:
            self.baseline_at, used = self.start, before
        elif self.valid:
            self.baseline_at, used = self.valid[0][0], self.valid[:1]
        else:
            self.baseline_at, used = END, []
        self.baseline = [sum(reading[i] for reading in used) / len(used) for i in (1, 2)] if used else None
        at = [v for t, v in self.recording.live["HR"] if t <= self.baseline_at and self.baseline_at < END]
        self.resting_rate = at[-1] if at else None
        if self.resting_rate is None and self.baseline_at < END:
            at = [v for t, v in self.recording.live["PULSE"] if t <= self.baseline_at]
            self.resting_rate = at[-1] if at else None

    # ---- live values ------------------------------------------------------------------------------------------------

    def live_rule(self, name):
        value, delay, bad, clear_delay, back, priority, above = LIVE[name]

        def state(t, v):
            shift = 0
            if name == "H3" and t >= self.baseline_at and self.resting_rate is not None and self.resting_rate < 60:
                shift = 50 - (self.resting_rate - 15)
            return "bad" if bad(v + shift) else "back" if back(v + shift) else "between"

        stretches = self.recording.stretches(value, state)
        self.returning[name] = lambda t: any(a <= t < b and s == "back" for a, b, s in stretches)
        self.beyond[name] = lambda t: any(a <= t < b and s != "back" and s != "between" for a, b, s in stretches)
        self.present[name], self.begun[name], t, latched, onsets = [], [], -1.0, False, []
        while True:
            if latched:
                on = begun = min((max(a, t) for a, b, s in stretches if s == "bad" and b > t), default=END)
            else:
                on, begun = self.begins(name, value, stretches, t, delay, onsets)
            if on > self.recording.last:
                return
            off = END
            for i, (a, b, s) in enumerate(stretches):
                gap_follows = i + 1 < len(stretches) and stretches[i + 1][2] == "unknown"
                if s == "back" and a >= on and (b - a > clear_delay or (b - a == clear_delay and not gap_follows)):
                    off = a + clear_delay
                    break
            self.present[name].append((on, off))
            self.begun[name].append(begun)
            self.steps.setdefault(name, []).append((on, priority))
            if off > self.recording.last:
                return
            latched = self.nobody and priority == "high" and (
                latched and self.covers_at(above, on) or not self.covered(above, off))
            if latched:
                self.latches.add((name, off))
            t = off

    def begins(self, name, value, stretches, t, delay, onsets):
        """When it is there, and since when it was beyond the limit: for its delay, gaps left out; or lost beyond it; or caught by
        the net; or because the graver one that was there meanwhile has ended, answered, and this is what is left of it."""
        spent, beyond, begun = 0, False, END
        ends = sorted(off for other in LIVE[name][6] for _, off in self.present[other] if (other, off) not in self.latches)
        for a, b, s in stretches:
            if b <= t:
                continue
            a = max(a, t)
            if s == "bad":
                if not beyond:
                    begun = a
                    onsets.append(a)
                    count, within = NET
                    if name in NETTED and len(onsets) >= count and a - onsets[-count] <= within:
                        return a, begun
                beyond = True
                over = min([a + delay - spent, *(off for off in ends if begun < off and a <= off)])
                if over <= b:
                    return over, begun
                spent += b - a
            elif s != "unknown":
                spent, beyond = 0, False
            elif beyond:
                lost = self.lost_at(value, a)
                if lost <= min(b, a + GAP_S):
                    return max(a, lost), begun
                if b - a >= GAP_S:
                    spent, beyond = 0, False
        return END, END

    def lost_at(self, value, t):
        """When a value that is missing at t counts as lost. A difference of two is not lost with one of them."""
        if value == "|HR-PULSE|":
            return END
        return max(at for at, v in self.recording.live[value] if v is not None and at <= t) + \
            LOST_PERIODS * self.recording.period

    def sensor(self, value, t):
        """The column that brought the last value before t."""
        if value != "RATE":
            return value
        at = max(at for at, v in self.recording.live[value] if v is not None and at <= t)
        return "HR" if dict(self.recording.live["HR"])[at] is not None else "PULSE"

    def said_to_be_lost(self):
        """[(from, to, priority, value)]: a rule that is shown says that its value is lost."""
        spans = []
        for name, (value, *_) in LIVE.items():
            if value == "|HR-PULSE|":
                continue
            shown = [c for c in self.changes if c[1] == name]
            for i, (t, _, what, priority) in enumerate(shown):
                off = next((c[0] for c in shown[i + 1:] if c[2] in ("end", "superseded")), END)
                for a, b, s in self.recording.stretches(value, lambda at, v: "live") if what == "raised" else []:
                    if s == "unknown" and any(v is not None and at <= a for at, v in self.recording.live[value]):
                        first, last = max(t, self.lost_at(value, a)), min(off, b)
                        if first < last:
                            spans.append((first, last, priority, self.sensor(value, a)))
        return spans

    def covered(self, above, t):
        """Is an alarm that stands for this one present just before t?"""
        return any(a < t <= b for other in above for a, b in self.present.get(other, []))

    def covers_at(self, above, t):
        """The same at t: then what is latched and comes back stays as it is, latched."""
        return any(a <= t < b for other in above for a, b in self.present.get(other, []))

    # ---- cuff readings ----------------------------------------------------------------------------------------------

    def in_force(self, name, t):
        if name == "B3":
            return self.route == "iv" and self.start <= t < self.end
        if name == "B4":
            return t >= (self.end if self.route == "iv" else self.start)
        return True

    def falling(self, index, bad):
        """Every pressure that is too high is lower than the reading before."""
        if index == 0:
            return False
        _, s, d = self.valid[index]
        _, s0, d0 = self.valid[index - 1]
        high = [(v, v0) for v, v0, limit in ((s, s0, 155), (d, d0, 95)) if v > limit]
        return bool(high) and all(v < v0 for v, v0 in high)

    def priority(self, name, index, full):
        if name != "B4":
            return full
        t = self.valid[index][0]
        lower_from = self.end if self.route == "iv" else self.start + 60 * MINUTE
        lower_to = self.end + 60 * MINUTE if self.route == "iv" else self.start + 120 * MINUTE
        return "low" if lower_from <= t < lower_to and self.falling(index, None) else full

    def readings(self, name):
        """What the rule is judged on. A cuff that finds no more than the mean tells that alone, and it counts."""
        if name == "B11":  # without a rate it says nothing
            return [(t, s, d) for t, s, d in self.valid if self.recording.rate[t] is not None]
        if name != "B9":
            return self.valid
        return [(t, s, d) for t, s, d in self.recording.cuff
                if self.recording.mean[t] is not None and ((s is None and d is None) or believable(s, d))]

    def cuff_rule(self, name):
        bad, back, first, full, above = CUFF[name]
        spans, steps = [], []
        on = waiting = seen = None     # present since; a repeat is waited for until; index of the first reading
        begun, first_at, over = [], None, []
        backs, latched = 0, False
        returning = []
        for i, (t, s, d) in enumerate([*self.readings(name), (self.recording.last + 0.001, None, None)]):
            if waiting is not None and self.in_force_until(name) <= min(t, waiting) and on is None:
                waiting = None         # its phase is over before it was confirmed
            if waiting is not None and waiting <= t and waiting <= self.recording.last:
                if on is None:
                    on = waiting
                steps.append((waiting, self.priority(name, seen, full)))
                waiting = None
            if t > self.recording.last or (on is None and waiting is None and not self.in_force(name, t)):
                continue
            mean = self.recording.mean[t] if name != "B11" else round(self.recording.rate[t] / s, 3)
            known = s is not None and self.baseline is not None and t >= self.baseline_at
            rise = (s - self.baseline[0], d - self.baseline[1]) if known else None
            confirmed = bool(steps) and on is not None and steps[-1][1] == full and steps[-1][0] >= on or name == "B4"
            over.append((t, bad(s, d, rise, mean)))
            if bad(s, d, rise, mean):
                backs = 0
                if on is None and waiting is None:
                    first_at = t
                if on is None and waiting is None:
                    if name == "B2" or latched:
                        on = t
                        steps.append((t, self.priority(name, i, full)))
                    else:
                        waiting, seen = t + CONFIRM_S, i
                        if first:
                            on = t
                            steps.append((t, first))
                else:
                    waiting = None
                    on = t if on is None else on
                    steps.append((t, self.priority(name, i, full)))
            elif on is None:
                waiting = None         # the repeat did not confirm it
            elif back(s, d, rise, mean):
                backs += 1
                waiting = None
                if backs == 2 or not confirmed:
                    spans.append((on, t))
                    begun.append(first_at)
                    latched = self.nobody and full == "high" and (
                        latched and self.covers_at(above, on) or
                        (confirmed or name == "B6") and not self.covered(above, t))
                    if latched:
                        self.latches.add((name, t))
                    on, backs = None, 0
                else:
                    returning.append(t)
            else:
                backs, waiting = 0, None
                if name == "B4":
                    steps.append((t, self.priority(name, i, full)))
        if on is not None:
            spans.append((on, END))
            begun.append(first_at)
        self.begun[name] = begun
        self.beyond[name] = lambda t: [broken for at, broken in over if at <= t][-1]
        self.present[name], self.steps[name] = spans, steps
        times = [t for t, _, _ in self.readings(name)]
        self.returning[name] = lambda t: bool(returning) and any(
            r <= t < min((x for x in times if x > r), default=END) for r in returning)

    def in_force_until(self, name):
        return self.end if name == "B3" else END

    # ---- what is announced ------------------------------------------------------------------------------------------

    def change(self, t, name, what, priority="-"):
        if t <= self.recording.last:
            self.changes.append((t, name, what, priority))

    def announce(self, name, above):
        """One situation, one alarm: present and not covered. What is on its way back is not announced anew, and what is left
        of a graver one that got better takes its place."""
        spans, steps = self.present[name], self.steps.get(name, [])
        cover = [span for other in above for span in self.present.get(other, [])]
        times = {t for span in spans + cover for t in span} | {t for t, _ in steps}
        times |= {t for t in (self.recording.times if spans and cover else [])}
        times |= {t for t, _ in (self.losses(name) if spans and cover else [])}
        shown = None
        for t in sorted(t for t in times if t < END):
            here = [i for i, (a, b) in enumerate(spans) if a <= t < b]
            covered = any(a <= t < b for a, b in cover)
            now = [p for at, p in steps if at <= t]
            priority = now[-1] if now else "-"
            if shown and covered:
                self.change(t, name, "superseded", shown)
                shown = None
            elif shown and not here:
                self.change(t, name, "end", shown)
                shown = None
            elif shown and priority != shown:
                self.change(t, name, "priority", priority)
                shown = priority
            elif not shown and here and not covered and not self.returning[name](t):
                what = self.left_of(name, above, spans[here[0]][0], self.begun[name][here[0]], t)
                if what:
                    self.change(t, name, what, priority)
                    shown = priority

    def losses(self, name):
        """[(from, to)] while a live rule's value counts as lost."""
        if name not in LIVE or LIVE[name][0] == "|HR-PULSE|":
            return []
        value = LIVE[name][0]
        seen = [at for at, v in self.recording.live[value] if v is not None]
        return [(max(a, self.lost_at(value, a)), b) for a, b, s in self.recording.stretches(value, lambda t, v: "live")
                if s == "unknown" and seen and seen[0] <= a]

    def left_of(self, name, above, on, begun, t):
        """What becomes of an alarm that nothing covers any more: "raised"; "eased", in the place of a graver one that ends here,
        answered or not as that was; or nothing: the graver one was not answered and says so for both, or this one was on its
        way back when it ended and no value breaks its limit now. A value that is lost is news."""
        ended = [(off, other) for other in above for _, off in self.present.get(other, [])
                 if begun < off <= t and any(c[:3] == (off, other, "end") for c in self.changes)]
        knew = [(off, other) for off, other in ended if off == max(ended)[0] and self.knew(name, other, on, off, t)]
        if not knew or any(a <= t < b for a, b in self.losses(name)):
            return "raised"
        if any((other, off) in self.latches for off, other in knew):
            return None
        if any(off == t for off, _ in knew):
            self.inherited[name, t] = max([a for _, other in knew for a, _ in self.answers.get(other, []) if a <= t], default=t)
            return "eased"
        return "raised" if self.beyond[name](t) else None

    def knew(self, name, graver, on, off, t):
        """Has whoever was told of the graver one been told of this, or of worse? Of live values always: it is back at clear.
        Of pressures by each that is beyond its limit; what the graver one does not look at must have been so before."""
        if name in LIVE:
            return True
        told_at, told = next((a for a in self.answers.get(graver, [])[::-1] if a[0] <= off), (None, None))
        raised = max(c[0] for c in self.changes if c[1] == graver and c[2] in ("raised", "eased") and c[0] <= off)
        before = on <= (raised if told_at is None else told_at)
        if graver not in LIVE and told is None:
            told = next((v for at, v in self.pressures(graver)[::-1] if at < (t if (graver, off) in self.latches else off)), None)
        now = next(v for at, v in reversed(self.pressures(name)) if at <= t)
        for k, sign, beyond in [*WORSE_CUFF.get(name, []), *ALSO.get(name, [])]:
            if k is None:
                alike = False
            elif now[k] is None or not beyond(now[k]):
                continue
            else:
                alike = graver not in LIVE and told is not None and any(k % 3 == other % 3 and sign == s for other, s, _ in WORSE_CUFF.get(graver, []))
            if not alike and not before:
                return False
            step = 1 if name in ALSO else WORSE_CUFF_STEP.get(name, 10)
            if alike and (now[k % 3] - told[k % 3]) * sign >= step:
                return False
        return True

    def pressures(self, name):
        """[(time, [systolic, diastolic, mean, their rises])] that the rule is judged on."""
        found = []
        for t, s, d in self.readings(name):
            rises = (None, None) if self.baseline is None or s is None or t < self.baseline_at else (
                s - self.baseline[0], d - self.baseline[1])
            found.append((t, [s, d, self.recording.mean[t], *rises]))
        return found

    def told_again(self, name, samples, terms, step, lasts, due):
        """With staff who answer at once: worse by the step since the answer. samples: [(time, [values])]."""
        shown = [c for c in self.changes if c[1] == name]
        answers = self.answers.setdefault(name, [])
        for i, (t, _, what, priority) in enumerate(shown):
            if self.nobody or what not in ("raised", "priority", "eased"):
                continue
            until = shown[i + 1][0] if i + 1 < len(shown) else END
            first = told = next((list(v) for at, v in reversed(samples) if at < t), None)
            if told is None or what == "eased" or not due(told):  # raised by the row itself; what is due comes before it
                first = told = next((list(v) for at, v in reversed(samples) if at <= t), None)
            answered = self.inherited.get((name, t), t)
            answers.append((answered, told))
            for at, values in [*(sample for sample in samples if t < sample[0] < until), (min(until, self.recording.last), None)]:
                while at >= answered + REMINDER_S:  # answered again, and what stands there then is the measure
                    answered += REMINDER_S
                    seen_at, seen = next(s for s in reversed(samples) if s[0] < answered)
                    told = list(seen) if seen_at + lasts > answered else first
                    answers.append((answered, told))
                if values and told and any(values[k] is not None and told[k] is not None and beyond(values[k]) and
                                           (values[k] - told[k]) * sign >= step for k, sign, beyond in terms):
                    self.change(at, name, "worse", priority)
                    told, answered = list(values), at
                    answers.append((answered, told))

    def worse(self, name):
        if name in WORSE_LIVE:
            value, _, bad, _, back, *_ = LIVE[name]
            value = "PULSE" if self.route == "spray" and value == "HR" else value
            samples = [(t, [v]) for t, v in self.recording.live[value] if v is not None]
            self.told_again(name, samples, [(0, 1 if bad(1000) else -1, lambda v: not back(v))], WORSE_LIVE[name],
                            STALE_PERIODS * self.recording.period, lambda values: bad(values[0]))
        elif name in CUFF:
            self.told_again(name, self.pressures(name), WORSE_CUFF.get(name, []), WORSE_CUFF_STEP.get(name, 10), END,
                            lambda values: False)

    def unattended(self):
        """Rule B7: B3 is shown, nobody acknowledges it and the pump runs on for 120 s: high until the pump stops."""
        shown = [c for c in self.changes if c[1] == "B3"]
        for i, (t, _, what, _) in enumerate(shown):
            until = shown[i + 1][0] if i + 1 < len(shown) else END
            if what == "eased":  # not while it gets better and better
                steady = [at for k, (at, s, d) in enumerate(self.valid) if (s > 155 or d > 95) and not self.falling(k, None)]
                better = [at for at, _, _ in self.valid if at not in steady]
                t = next((at for at in steady if t <= at < until and not any(at < b <= at + 120 for b in better)), END)
            if what not in ("raised", "eased") or not self.nobody or t + 120 >= min(until, self.end):
                continue
            self.change(t + 120, "B3", "priority", "high")
            if self.end < until:
                self.change(self.end, "B3", "priority", "medium")
            elif until < END:  # it ended while it was high
                self.changes.remove(shown[i + 1])
                self.change(until, "B3", shown[i + 1][2], "high")

    # ---- technical and procedural -----------------------------------------------------------------------------------

    def missing(self, name, lost):
        """Rule C3, for every live value. One sensor, one alarm: what another one says is not said again."""
        clear_s = 10
        gaps = {other: [(a, b) for a, b, s in self.recording.stretches(other, lambda t, v: "live") if s == "unknown"]
                for other in LOOKED_AT}

        def gap_at(other, t):
            return next(((a, b) for a, b in gaps[other] if a <= t < b), None)

        times = sorted({0.0, END} | {t for spans in gaps.values() for span in spans for t in span} |
                       {t for span in lost for t in span[:2]} | {a + 120 for a, _ in gaps[name]})
        shown = violated = back = None
        for t, following in zip(times, times[1:]):
            gap = gap_at(name, t)
            if gap is None:
                back = t if back is None else back
                if shown and back + clear_s <= following:
                    self.change(back + clear_s, MISSING[name], "end", shown)
                    shown = None
                continue
            back = None
            urgent = min(gap[0], violated if shown else gap[0]) + 120
            together = [other for other in LOOKED_AT
                        if gap_at(other, t) and abs(gap_at(other, t)[0] - gap[0]) <= TOGETHER_S]
            told = any(a <= t < b and value in together and RANK[p] >= (2 if t >= urgent else 1)
                       for a, b, p, value in lost) or together[0] != name
            if told:
                if shown:
                    self.change(t, MISSING[name], "end", shown)
                shown = None
                continue
            on = max(gap[0] + 30, t)
            if not shown and on <= following:
                shown, violated = "medium" if on >= urgent and self.urgent_phase(urgent) else "low", gap[0]
                self.change(on, MISSING[name], "raised", shown)
            if shown == "low" and max(urgent, t) <= following and self.urgent_phase(max(urgent, t)):
                shown = "medium"
                self.change(max(urgent, t), MISSING[name], "priority", shown)

    def urgent_phase(self, t):
        if self.choices["urgent_missing_phases"] is None:
            return True
        return self.start <= t < (self.end if self.route == "iv" else self.start + 60 * MINUTE)

    def failures(self):
        """Rule C2: [(time, 1, priority or None)]. One failure is tried again, two are low, three medium. Numbers that cannot be are
        medium at once; while the cuff goes on failing that does not become less."""
        row, steps = 0, [(0.0, 0, None)]
        for t, s, d in self.recording.cuff:
            row = 0 if believable(s, d) else row + 1
            at_least = steps[-1][2] == "medium"
            steps.append((t, 1, None if row == 0 else "medium" if row > 2 or s or at_least else "low" if row == 2 else None))
        return steps

    def tell_late(self, late):
        """A failing cuff is not late as well: it is told as the failure, as urgently as the lateness would be. At one instant
        what time alone brings (0) is told before what a reading does (1)."""
        failing, shown, sticks = self.failures(), {}, None
        for t, moment in sorted({step[:2] for steps in (failing, *late.values()) for step in steps}):
            def at(steps, now=(t, moment)):
                return [step[2] for step in steps if step[:2] <= now][-1]
            wanted = {name: at(steps) for name, steps in late.items()}
            failed = at(failing)
            if failed:
                cuffs = [wanted.pop(name) for name in late if "cuff" in name]
                failed = max((p for p in (failed, sticks, *cuffs) if p), key=RANK.get)
            sticks = failed
            for name, priority in {**{name: None for name in late}, **wanted, "cuff-failed-cuff": failed}.items():
                before = shown.get(name)
                if priority != before:
                    self.change(t, name, "raised" if before is None else "end" if priority is None else "priority",
                                priority or before)
                shown[name] = priority

    def checks(self, name):
        """Rule C1: [(time, 0 or 1, priority or None)]. A reading up to 2 min (half the gap since the due time before, 5 min at the spray's minute 40) early
        counts. What comes late counts for the latest due time that has passed. Low; medium with the second in a row."""
        anchor, minutes, late_min, replaced_by, early_min = CHECKS[self.route][name]
        begin = {"open": 0.0, "start": self.start, "end": self.end}[anchor]
        cut = min(({"start": self.start, "end": self.end}[r] for r in replaced_by), default=END)
        steps = [(0.0, 0, None)]
        if begin > self.recording.last:
            return steps
        due = [begin + m * MINUTE for m in minutes if begin + m * MINUTE <= cut]
        gaps = [minutes[0], *((b - a) / 2 for a, b in zip(minutes, minutes[1:]))]
        opens = [d - min(early_min, gap) * MINUTE for d, gap in zip(due, gaps)]
        readings = [t for t, _, _ in self.valid] if "cuff" in name else []
        raised, at_medium = None, name == "late-cuff-40"
        waiting = []                   # due times not done, all in a row
        events = sorted([(d, 0, i) for i, d in enumerate(due)] + [(d + late_min * MINUTE, 1, i) for i, d in
                        enumerate(due)] + [(t, 2, 0) for t in readings])
        done = set()
        for t, kind, i in events:
            if kind == 0 and i not in done:
                waiting.append(i)
                if raised and len(waiting) > 2 and raised != "medium":
                    raised = "medium"
                    steps.append((t, 0, raised))
            elif kind == 1 and i in waiting:
                raised = "medium" if at_medium or len([j for j in waiting if due[j] <= due[i]]) > 1 else "low"
                steps.append((t, 0, raised))
            elif kind == 2:
                raised = None
                steps.append((t, 1, raised))
                if waiting:
                    done |= set(waiting)
                    waiting = []
                else:
                    ahead = [j for j in range(len(due)) if j not in done and t >= opens[j]]
                    done |= set(ahead[:1])
        return steps

    def run(self):
        for name in ("H2", "H1", "H4", "H3", "H5", "O3", "O2", "O1", "R2", "R1", "R3"):
            self.live_rule(name)
            self.announce(name, LIVE[name][6])
            self.worse(name)
        for name in ("B2", "B1", "B3", "B4", "B5", "B6", "B9", "B8", "B10", "B11"):
            self.cuff_rule(name)
            self.announce(name, CUFF[name][4])
            self.worse(name)
        self.unattended()
        lost = self.said_to_be_lost()
        for name in MISSING:
            self.missing(name, lost)
        self.tell_late({name: self.checks(name) for name in CHECKS[self.route]})
        return sorted(self.changes, key=lambda c: (c[0], c[1]))


def evaluate(path, start, mode, route, zero_is_missing, choices=None):
    """[(seconds, name, change, priority)], in order of time."""
    recording = Recording(path, zero_is_missing)
    return Evaluation(recording, start, mode == "nobody", route, choices or DEVIATIONS).run()


if __name__ == "__main__":
    START = END if sys.argv[2] == "never" else float(sys.argv[2])
    for when, who, what_, priority_ in evaluate(sys.argv[1], START, sys.argv[3], sys.argv[4], "zero" in sys.argv[5:],
                                                TABLE if "table" in sys.argv[5:] else None):
        print(f"{when:.3f} {who} {what_} {priority_}")
