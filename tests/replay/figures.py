#!/usr/bin/python3
"""How many alarms a limit gives without delay and hysteresis, with the one and with both: counted in recordings at
1 Hz, from the numbers alone. Compared with the engine by tests/integration/test_real_patients.py.

usage: figures.py DIRECTORY      prints the table of README.md"""
import csv
import os
import sys

# Name, column, violated, back, seconds that it must last.
FIGURES = [
    ("spo2-94", "SpO2", lambda v: v < 94, lambda v: v >= 94, 0),
    ("spo2-94-hysteresis", "SpO2", lambda v: v < 94, lambda v: v >= 96, 0),
    ("spo2-94-both", "SpO2", lambda v: v < 94, lambda v: v >= 96, 15),
    ("spo2-90", "SpO2", lambda v: v < 90, lambda v: v >= 90, 0),
    ("spo2-90-hysteresis", "SpO2", lambda v: v < 90, lambda v: v >= 92, 0),
    ("spo2-90-both", "SpO2", lambda v: v < 90, lambda v: v >= 92, 15),
    ("hr-110", "HR", lambda v: v > 110, lambda v: v <= 110, 0),
    ("hr-110-delay", "HR", lambda v: v > 110, lambda v: v <= 110, 30),
    ("rr-8", "RESP", lambda v: v < 8, lambda v: v >= 8, 0),
    ("rr-8-delay-15", "RESP", lambda v: v < 8, lambda v: v >= 8, 15),
    ("rr-8-delay-30", "RESP", lambda v: v < 8, lambda v: v >= 8, 30),
]


def read(path):
    with open(path, newline="", encoding="ascii") as f:
        rows = list(csv.DictReader(f, skipinitialspace=True))
    return {column: [None if row[column] == "NaN" else float(row[column]) for row in rows]
            for column in ("HR", "PULSE", "RESP", "SpO2")}


def onsets(values, bad, back, lasts):
    """A value holds for the second that follows it; no value neither begins nor ends anything, and breaks a run."""
    count, present, run = 0, False, None
    for second, value in enumerate(values):
        if not present and run is not None and second - run >= lasts > 0:
            count, present, run = count + 1, True, None
        if value is None:
            run = None
        elif present:
            present = not back(value)
        elif not bad(value):
            run = None
        elif lasts == 0:
            count, present = count + 1, True
        elif run is None:
            run = second
    return count


def rates_apart(recordings):
    """Pairs of ECG and oximeter rates: (seconds with both, share above 10, recordings with a run of 30 s above 20)."""
    pairs = [[None if a is None or b is None else abs(a - b) for a, b in zip(r["HR"], r["PULSE"])] for r in recordings]
    both = [d for p in pairs for d in p if d is not None]
    return (len(both), sum(d > 10 for d in both) / len(both),
            sum(onsets(p, lambda d: d > 20, lambda d: d <= 20, 30) > 0 for p in pairs))


def main(directory):
    names = sorted(n for n in os.listdir(directory) if n.endswith("_Numerics.csv"))
    recordings = [read(os.path.join(directory, n)) for n in names]
    print("| count |", " | ".join(n.split("_")[1] for n in names), "| all |")
    for name, column, bad, back, lasts in FIGURES:
        counts = [onsets(r[column], bad, back, lasts) for r in recordings]
        print(f"| {name} |", " | ".join(map(str, counts)), f"| {sum(counts)} |")
    print("seconds with both rates %d, more than 10 apart %.1f %%, recordings with 30 s above 20: %d" %
          tuple(v * s for v, s in zip(rates_apart(recordings), (1, 100, 1))))


if __name__ == "__main__":
    main(sys.argv[1])
