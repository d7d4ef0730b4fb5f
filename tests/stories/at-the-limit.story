# Respiration 8, heart rate 40, systolic 90: NEWS2 counts each of them in full. 00:00 is the start of the infusion.
story "Exactly at the limit"
source "clinical.md 2 (NEWS2: at or below 8, 40 and 90 are 3 points each), 8.3 R2, H4, B6"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
11:00  resp is 8
13:00  resp is 14
16:00  hr is 40
18:00  hr is 70
23:00  bp is 90/56

expect R2 high between 11:10 and 11:40
expect H4 high between 16:08 and 16:30
expect B6 medium+ between 25:20 and 25:30 value 90
