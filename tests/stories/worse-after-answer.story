# 84 % was answered; then it is 60 %. Heart rate 36 was answered; then it is 18. That is told anew, not three minutes later.
# 00:00 is the start of the infusion.
story "Worse after the answer"
source "proposal: announced again on a step that the plan names"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
10:00  spo2 is 84
10:30  ack all
11:00  spo2 is 60
13:00  spo2 is 97
20:00  hr is 36
20:30  ack all
21:00  hr is 18

expect O3 high between 10:00 and 10:15
expect O* high between 11:00 and 11:20
expect H4 high between 20:05 and 20:20
expect H* high between 21:00 and 21:20
