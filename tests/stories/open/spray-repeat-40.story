# 150/95 at minute 40: under the alarm, and 24 above baseline. It is measured again until it is near. 00:00 is the first device.
story "The pressure of minute 40 is followed"
source "clinical.md 1.2 (re-measure at about 40 min and then as needed until it falls); every 10 min: proposal"
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
05:00  bp rises to 150/95 over 30 min
62:00  end

expect cuff between 45:00 and 56:00
