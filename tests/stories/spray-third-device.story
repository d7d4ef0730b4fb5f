# Two slow devices, then the third at minute 15: ordered, rested, in turn. 00:00 is the first device.
story "Third device at minute 15"
source "clinical.md 1.2 (5 min between devices; 84 mg = 3)"
plan esketamine-spray
room oximeter cuff
baseline 126/80 hr 72 spo2 97 resp 14

-12:00 open dose 84 mg age 44
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  give
07:00  give
15:10  give
20:00  end

never any
