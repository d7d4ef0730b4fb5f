# 100/96 cannot be, but it was read: told at once and with its numbers. 00:00 is the start of the infusion.
story "A pressure that contradicts itself"
source "clinical.md 8.3 C2 (pulse pressure below 10); told with its numbers, medium at once: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
14:00  bp is 100/96
16:00  bp is 118/76

expect any medium between 15:20 and 15:30 says "100"
