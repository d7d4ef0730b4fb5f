# 108 per minute at 96/60: neither is beyond a limit of its own, their quotient is 1.1. 00:00 is the start of the infusion.
story "Heart fast, pressure low"
source "shock index above 0.9: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
18:00  hr is 108
18:00  bp is 96/60

expect B11 medium between 20:20 and 22:00
