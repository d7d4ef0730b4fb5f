# A rate that scores 3 is not a low alarm. 00:00 is the start of the infusion.
story "Respiration 26"
source "clinical.md 2 (NEWS2: 25 or more is 3 points), 8.3 R3"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
11:00  resp is 26

expect R3 medium+ between 11:30 and 12:20
