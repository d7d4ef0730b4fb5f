# The oximeter finds no pulse two minutes after a scheduled reading. The pressure is asked for at once, not at the next time of the
# grid, and once more two minutes later. 00:00 is the start of the infusion.
story "No pulse found: the pressure is measured"
source "clinical.md 8.3 C5; starting the cuff: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
22:00  no-value oximeter no-pulse for 1 min

expect missing-spo2 high between 22:08 and 22:20 says "no pulse"
never cuff between 21:00 and 22:05
expect cuff between 22:08 and 22:20
expect cuff between 24:08 and 24:20
