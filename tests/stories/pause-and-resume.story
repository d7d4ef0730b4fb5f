# The pause criterion is met at minute 25; the infusion is paused, the pressure falls, it is resumed. The end moves by the
# length of the pause. 00:00 is the start of the infusion.
story "Pause and resume"
source "clinical.md 1.3 (CANMAT2021: pause above 160/100, resume below), 5.1 (a pause shows in 5 to 10 min), 8.3 B3"
plan ketamine-iv
room ecg oximeter cuff
baseline 134/84 hr 74 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
10:00  bp rises to 167/98 over 13 min
26:30  ack B3
26:40  pause
26:40  bp falls to 146/90 over 9 min
41:00  resume

expect cuff between 25:00 and 25:00
expect B3 medium between 26:00 and 26:20 value 167 says "Pause criterion"
never B3 high
expect B3 ends between 40:20 and 40:30
expect phase infusion at 54:15
expect phase recovery at 54:25
never B1
never O*
never missing-*
