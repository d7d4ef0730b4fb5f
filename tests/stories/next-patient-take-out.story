# The oximeter was taken out for half an hour; the session ends, the next patient comes, and her saturation is judged. 00:00 is the start of the infusion.
story "Taken out for the last patient"
source "one patient's take-outs never reach the next"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
99:00  observe rass 0
99:10  tick on-air
99:20  tick suicidality
99:30  tick escort
99:40  tick no-driving
100:30 take-out oximeter for 30 min because "toilet" override doctor1 "nurse goes along"
101:00 close override doctor1 "well"
103:00 open weight 60 kg dose 30 mg duration 40 min patient P-2
105:00 spo2 is 82

expect O3 high between 105:04 and 105:20
