# 168/104 is above the pause criterion and 40 above baseline: one alarm. 00:00 is the start of the infusion.
story "One pressure, one alarm"
source "one condition is one alarm: clinical.md 8.3 behaviour rules"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
13:00  bp is 168/104

expect at-most 1 medium+ between 15:00 and 17:00
