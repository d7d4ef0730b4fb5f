# Paused at minute 20, the pressure is well again at minute 30, and nobody comes back to it. 00:00 is the start of the infusion.
story "Paused and forgotten"
source "clinical.md 1.3 (resume when below); told after 15 min: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
20:00  pause
150:00 end

expect any low+ between 22:00 and 40:00 says "pause"
expect cuff between 125:00 and 145:00
