# The oximeter is on the finger and says that it finds no pulse. This is not a probe that fell off. 00:00 is the first device.
story "No pulse found, in a room without ECG"
source "clinical.md 6 (pulse signals), 8.3 C5; about 10 s: proposal"
plan esketamine-spray
room oximeter cuff
baseline 126/80 hr 72 spo2 97 resp 14

-12:00 open dose 56 mg age 44
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  give
20:00  no-value oximeter no-pulse for 3 min

expect any high between 20:08 and 20:20 says "pulse"
expect any high at 22:00
