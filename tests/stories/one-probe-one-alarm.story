# A probe off the finger takes SpO2 and pulse away: one alarm. The leads off take heart rate and respiration: one alarm. 00:00 is the start of the infusion.
story "One probe, one alarm"
source "clinical.md 6 (87 to 99 % of alarms need no action); proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
11:00  probe-off oximeter for 90 s
31:00  no-value ecg sensor-off for 90 s
31:00  probe-off ecg for 90 s

expect missing-* any between 11:20 and 11:40
expect at-most 1 any between 11:00 and 12:40
expect at-most 1 any between 31:00 and 32:40
