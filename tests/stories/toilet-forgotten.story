# As before, but nobody puts the devices back and the patient still sits there without a probe: after five minutes the
# missing value is an alarm by itself. 00:00 is the start of the infusion.
story "Taken out and forgotten"
source "clinical.md 8.3 C3; proposal: taken out never longer than stated"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
61:00  take-out oximeter for 5 min because "toilet" override doctor1 "nurse goes along"
61:30  probe-off oximeter for 10 min

expect taken-out-device-oximeter low at 65:00
never missing-spo2 any between 00:00 and 65:59
expect taken-out-device-oximeter ends between 66:00 and 66:00
expect missing-spo2 any between 66:00 and 66:35
expect missing-spo2 medium at 69:00
