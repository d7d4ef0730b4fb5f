# The pause criterion is met and nobody answers: after two minutes it is urgent. 00:00 is the start of the infusion.
story "Pause criterion, nobody answers"
source "clinical.md 8.3 B7"
plan ketamine-iv
room ecg oximeter cuff
baseline 134/84 hr 74 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
12:00  bp rises to 170/99 over 12 min
30:00  pause

expect B3 medium between 26:00 and 26:20
expect B3 high between 28:00 and 28:20
expect B3 medium between 30:00 and 30:00
never B1
