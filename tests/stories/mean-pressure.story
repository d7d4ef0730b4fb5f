# 94/46: the systolic limit is kept, the mean is 62. 00:00 is the start of the infusion.
story "Low mean pressure"
source "mean below 65 mmHg: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
18:00  bp falls to 94/46 over 60 s

expect any medium+ between 20:00 and 21:30
