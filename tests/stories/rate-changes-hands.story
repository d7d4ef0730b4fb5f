# Her heart races, and the electrodes come off before the alarm: the oximeter's rate goes on where the ECG's ended. 00:00 is the
# start of the infusion.
story "The heart races and the electrodes come off"
source "clinical.md 8.3 H2; one heart rate, ECG else pulse: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
20:00  hr is 150
20:08  lead-off for 5 min
24:00  ack H2
28:00  hr is 70
29:00  end

expect H2 high between 20:14 and 20:20
expect H2 latches between 28:28 and 28:40
expect shown pulse 150 at 22:00
