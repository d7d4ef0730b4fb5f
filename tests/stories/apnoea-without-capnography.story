# A spray room: oximeter and cuff, nothing counts breaths. Breathing stops for three minutes; the only sign of it is the
# saturation, which falls a good quarter of a minute later. 00:00 is the first device.
story "Apnoea where nothing counts respiration"
source "clinical.md 3.2 (respiratory depression after spray: Chepke2024, SPS), 8.3 O1 to O3"
plan esketamine-spray
room oximeter cuff
baseline 126/80 hr 72 spo2 97 resp 14

-12:00 open dose 56 mg age 35
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  give
05:00  give
20:00  apnoea for 3 min
21:40  observe moaas 2 note "does not answer, stimulated, airway held open"
22:00  ack all
24:00  observe moaas 4
28:00  observe moaas 5

# No gate asks for respiration, and nothing pretends to watch it.
expect start free at -00:01
never R1
never R2
never missing-resp
expect O2 high between 20:45 and 21:10
expect O3 high between 20:50 and 21:20 says "below 85 %"
expect S3 high between 21:40 and 21:40
expect O3 high at 22:30
never O* high at 26:00
never missing-*
