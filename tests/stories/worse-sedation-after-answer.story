# MOAA/S 2 was answered; then 0 is entered. 00:00 is the start of the infusion.
story "Deeper after the answer"
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
20:00  observe moaas 2
20:20  ack all
21:00  observe moaas 0

expect S3 high between 20:00 and 20:00
expect S* high between 21:00 and 21:00
