# 76/47 once, the repeat is normal. The first reading is told and does not vanish by itself. 00:00 is the start of the infusion.
story "One low reading stays to be seen"
source "clinical.md 8.3 B6; latched from the first reading: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
09:30  bp is 76/47
10:26  bp is 120/76

expect B6 medium between 10:20 and 10:30 value 76
expect B6 any at 12:00
expect B6 any at 14:00
