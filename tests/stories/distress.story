# The patient is frightened; staff press the button, stay, and she settles. Then very agitated for a moment.
# 00:00 is the start of the infusion.
story "Distress and agitation"
source "clinical.md 8.3 S4, 4 (CADSS misses fear: the button)"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
18:00  distress yes
18:20  ack S4-distress
18:30  note "stays with her, lights dimmed"
22:00  distress no
25:00  observe rass 2
26:00  observe rass 3
27:00  ack all
29:00  observe rass 0

expect S4-distress medium between 18:00 and 18:00 says "distressed"
expect S4-distress reminds between 21:15 and 21:25
expect S4-distress ends between 22:00 and 22:00
expect S4 medium between 25:00 and 25:00 says "agitated"
expect S4-high high between 26:00 and 26:00 says "very agitated"
expect S4-high ends between 29:00 and 29:00
never any medium+ at 30:00
never anything-else
