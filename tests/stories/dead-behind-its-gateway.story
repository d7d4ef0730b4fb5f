# The ECG behind a gateway dies; the gateway answers on and on with what it read last. The heart rate rises meanwhile and
# nobody is shown the old one. 00:00 is the start of the infusion.
story "A gateway serves a dead device"
source "clinical.md 8.3 C3 (missing data never count as normal)"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
20:00  frozen ecg
24:00  normal ecg
25:00  end

expect missing-ecg_hr any between 20:00 and 20:40 says "ECG rate"
expect shown hr nothing at 20:10
expect shown hr nothing at 23:50
expect missing-ecg_hr ends between 24:00 and 24:20
