# She rests at 57. At the moment at which the second pressure is read she moves and the ECG counts 90. Her own limit is 42, not
# 50. 00:00 is the start of the infusion.
story "Baseline rate of a moment"
source "clinical.md 8.3 H3 (baseline below 60: 15 less); median of a minute: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 112/70 hr 57 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
-06:37 hr is 90
-06:33 hr is 57
20:00  hr is 46
25:00  hr is 57

never H3
