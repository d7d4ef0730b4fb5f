# Baseline 128/82. After the infusion 118/72, 104/58, at last 92/48: at or below 140/90 and falling. Nobody may call that
# recovered, and somebody is told on the way. 00:00 is the start of the infusion.
story "Low and falling is not recovered"
source "clinical.md 8.3 L2 (not more than 20 below baseline), 8.3 B6; fall from baseline, mean below 65: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 128/82 hr 72 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
40:00  bp falls to 118/72 over 10 min
60:00  bp falls to 104/58 over 10 min
75:00  bp falls to 92/48 over 8 min
99:00  observe rass 0
99:10  tick on-air
99:20  tick suicidality
99:30  tick escort
99:40  tick no-driving
101:00 close refused blocked
102:00 end

expect any medium+ between 85:00 and 101:00
expect leave blocked at 101:00
