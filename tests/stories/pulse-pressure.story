# 112/92: both limits are kept, 20 mmHg between them. 00:00 is the start of the infusion.
story "Narrow pulse pressure"
source "pulse pressure of 20 mmHg or less with systolic 120 or less: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
18:00  bp is 112/92

expect B10 medium between 20:20 and 22:00
