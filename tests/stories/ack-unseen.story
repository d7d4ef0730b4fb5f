# A slow heart is on the screen when the saturation falls. The nurse types `ack all` in the second in which the saturation alarm comes:
# she has read one alarm and not the other. Only the one that she has read falls silent.
story "Acknowledged is what was seen"
source "clinical.md 8.3 O2, H4; two seconds: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 128/82 hr 72 spo2 98 resp 14

-12:00 open weight 72.5 kg dose 36.25 mg duration 40 min
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
12:00  hr is 38
12:00  pulse follows hr
12:20  spo2 falls to 88 over 20 s
12:54  ack seen
12:54  ack seen refused unknown-alarm
12:57  ack seen
12:58  ack seen refused unknown-alarm
13:20  end

# O2 came at 12:53. Had the first line answered it too, there would be nothing left for the third.
expect H4 high between 12:08 and 12:15
expect O2 high between 12:52 and 12:54
