# Slow breathing that no rate limit sees: EtCO2 38, then 62. 00:00 is the start of the infusion.
story "Carbon dioxide rises"
source "EtCO2 above 55 mmHg: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
11:00  resp is 11
11:00  etco2 rises to 62 over 4 min

expect any medium+ between 13:00 and 18:00
