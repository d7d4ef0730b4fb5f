# A probe off the finger and a defective sensor are different errands. The alarm says which. 00:00 is the start of the infusion.
story "Why there is no value is said"
source "clinical.md 6; the reason of the wire in the alarm's text: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
20:00  no-value oximeter sensor-off for 2 min
30:00  no-value oximeter sensor-fault for 2 min

expect any low+ between 20:00 and 20:35 says "off"
expect any low+ between 30:00 and 30:35 says "fault"
