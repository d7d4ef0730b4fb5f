# The cuff reads 48/30, three times. That is a patient, not a failed measurement. 00:00 is the start of the infusion.
story "Shock: 48/30"
source "clinical.md 8.3 C2 (a low pair that does not contradict itself is judged) and B6"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
13:00  bp falls to 48/30 over 60 s

expect B6 medium+ between 15:20 and 15:30 value 48
expect B6 high between 15:20 and 16:10
expect shown bp 48/30 at 15:30
never cuff-failed-cuff
