# 160/88 at the door against a baseline of 124/78: one line says that pressure is not back. 00:00 is the start of the infusion.
story "The list at the door"
source "proposal: of what can be met by one of several, one line"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
80:00  bp is 158/88
99:00  observe rass 0
99:10  tick on-air
99:20  tick suicidality
99:30  tick escort
99:40  tick no-driving
101:00 end

expect leave blocked by BP at 101:00
