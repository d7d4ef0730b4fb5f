# The ECG says asystole, the oximeter finds no pulse. 00:00 is the start of the infusion.
story "Asystole"
source "clinical.md 8.3 H4; proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
20:00  no-value ecg no-pulse for 3 min
20:00  no-value oximeter no-pulse for 3 min

expect any high between 20:05 and 20:20
expect any high at 22:30
