# Each sign scores 2 and none is beyond an urgent limit. Together they are 8 points. 00:00 is the start of the infusion.
story "Nothing single is bad"
source "clinical.md 2 (NEWS2: respiration 22, SpO2 93, systolic 98, pulse 112: 8 points); 7 or more high: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
18:00  resp is 22
18:00  spo2 is 93
18:00  hr is 112
18:00  bp is 98/62

expect any high between 20:20 and 22:00
