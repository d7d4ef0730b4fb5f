# The last reading is above the pause criterion. Resuming asks. 00:00 is the start of the infusion.
story "Resuming at 168/98"
source "clinical.md 1.3 (CANMAT2021: resume when below 160/100)"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
18:00  bp is 168/98
21:00  pause
24:00  resume refused
25:30  end

expect B3 medium between 20:50 and 21:20
