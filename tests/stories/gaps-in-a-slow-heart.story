# The same for another rule with a delay: heart rate 44 for ten minutes, leads off 2 s in every 10 s. That is too short to count as
# lost; the time at 44 adds up. 00:00 is the start of the infusion.
story "Slow heart with leads that come and go"
source "clinical.md 8.3 H3; gaps neither add nor reset: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
20:00  hr is 44
20:08  lead-off for 2 s in every 10 s until 30:00

expect H3 medium between 20:30 and 21:30
expect H3 medium at 29:00
