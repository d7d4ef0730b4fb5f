# One reading fails; what was known before is still known. 00:00 is the start of the infusion.
story "The last good pressure"
source "kept with its age, failed beside it: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
14:30  cuff-fail 1

expect shown bp 124/78 at 15:28
