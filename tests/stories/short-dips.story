# Dips to 86 % of 8 s each, again and again. Each is shorter than the delay. 00:00 is the start of the infusion.
story "Three short dips in a minute"
source "clinical.md 8.3 O2; three violations in a minute alarm as pulse oximeters do it: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
20:00  spo2 is 86
20:08  spo2 is 95
20:20  spo2 is 86
20:28  spo2 is 95
20:40  spo2 is 86
20:48  spo2 is 95
21:00  spo2 is 86
21:08  spo2 is 95

expect O2 high between 20:40 and 21:05
