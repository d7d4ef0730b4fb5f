# A determination runs when the session is closed and the next one opened. Its result is not hers. 00:00 is the start of the infusion.
story "The cuff of the last patient"
source "one patient's cuffs never reach the next"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
100:10 bp is 186/114
99:00  observe rass 0
99:10  tick on-air
99:20  tick suicidality
99:30  tick escort
99:40  tick no-driving
101:30 cuff
101:35 close override doctor1 "well"
101:50 open weight 60 kg dose 30 mg duration 40 min patient P-2
102:00 bp is 118/74

never B1 between 101:50 and 110:00
expect shown bp nothing at 101:56
