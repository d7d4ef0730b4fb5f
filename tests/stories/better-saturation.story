# 86 %, then 92 %, then 94 %: the answer to the graver alarm stands, under the words of what is left of it. Then it gets worse, and that
# is told again. 00:00 is the start of the infusion.
story "A saturation that gets better raises nothing"
source "one situation is one alarm all the way down: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
10:00  spo2 is 86
10:30  ack all
11:00  spo2 is 92
13:00  spo2 is 94
15:00  spo2 is 88
17:00  spo2 is 97

expect O2 high between 10:10 and 10:20
expect O1 medium at 12:00
expect at-most 0 any between 10:20 and 15:05
never O1 between 10:20 and 16:55
expect O2 high between 15:10 and 15:20
