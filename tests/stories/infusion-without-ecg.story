# The oximeter's pulse is the only rate there is, and the rules of the heart take it. 00:00 is the start of the infusion.
story "Infusion in a room without ECG"
source "clinical.md 8.3 H1 to H4; one heart rate, ECG else pulse: proposal"
plan ketamine-iv
room oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
20:00  hr rises to 160 over 20 s
24:00  hr falls to 70 over 20 s
25:00  ack all
30:00  hr falls to 28 over 20 s

expect start free at -00:01
expect H2 high between 20:25 and 20:45
expect H4 high between 30:20 and 30:40
