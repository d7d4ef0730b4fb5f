# Her pressure rises early, and somebody measures before minute 40. 00:00 is the first device.
story "A pressure before minute 40"
source "clinical.md 8.2 (20 optional), 1.2; proposal"
plan esketamine-spray
room oximeter cuff
baseline 126/80 hr 72 spo2 97 resp 14

-12:00 open dose 56 mg age 44
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  give
05:00  give
06:00  bp rises to 186/112 over 10 min

expect cuff between 10:00 and 30:00
expect B1 medium+ between 10:00 and 32:00
