# 184/112, then from reading to reading lower. B1 ends; nothing new is raised while it falls, and the pause criterion, which holds on,
# stands there as answered. 00:00 is the start of the infusion.
story "A pressure that gets better raises nothing"
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
14:00  bp is 184/112
15:45  ack all
16:15  ack all
19:30  ack all
22:45  ack all
16:10  bp is 165/100
22:00  bp is 162/98
26:10  bp is 150/92

expect B1 high between 16:00 and 16:10
never B3 between 16:10 and 40:00
never B5 between 16:10 and 40:00
expect B3 medium at 28:00
expect at-most 0 any between 16:10 and 35:00
