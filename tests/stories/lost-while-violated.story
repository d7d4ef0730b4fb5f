# The saturation falls to 86 %, and before the delay is over the probe shows nothing any more. The last that was known of the
# patient was bad: this is no ordinary missing value. 00:00 is the start of the infusion.
story "SpO2 lost at 86 %"
source "clinical.md 8.3 O2 and C3, behaviour rules (missing data never count as normal); proposal"
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
20:10  probe-off oximeter for 2 min

expect any high between 20:10 and 20:15 says "86"
