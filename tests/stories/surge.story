# Blood pressure climbs over the pause criterion and on to 184/112; the infusion is stopped and it falls by itself.
# 00:00 is the start of the infusion.
story "Surge of blood pressure, infusion stopped"
source "clinical.md 3.1 (severe rise in 0.98 % of infusions), 8.3 B1 and B3"
plan ketamine-iv
room ecg oximeter cuff
baseline 132/84 hr 74 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
00:00  bp rises to 158/98 over 18 min
18:00  bp rises to 166/104 over 2 min
21:40  pause
22:00  bp rises to 184/112 over 3 min
26:10  stop
26:20  ack all
27:00  bp falls to 150/92 over 20 min
47:00  bp falls to 136/86 over 20 min
66:10  ack all

# The first reading above 160/100 is repeated before anybody hears of it, the first at 180/110 is told at once.
expect cuff between 20:00 and 20:00
expect cuff between 20:30 and 20:45
expect B3 medium between 20:50 and 21:20 says "Pause criterion"
expect B1 medium between 25:20 and 25:30 value 184
expect B1 high between 26:00 and 26:15 says "at or above 180/110"
expect B1 high at 31:00
never any medium+ at 67:00
never B2
never B6
never O*
never H*
never missing-*
never cuff-failed-*
