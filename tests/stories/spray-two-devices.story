# 56 mg: two devices five minutes apart, a rise of 22/14 at minute 40, two hours from the first device.
# 00:00 is the first device.
story "Spray with two devices"
source "clinical.md 1.2 (SprHCP: 5 min between devices, BP at 40 min, 2 h), 3.2 (response), 8.2"
plan esketamine-spray
room oximeter cuff
baseline 126/80 hr 72 spo2 97 resp 14

-12:00 open dose 56 mg age 44 series 2
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  give
00:00  bp rises to 148/94 over 40 min
03:00  give refused wrong-state
05:00  give
10:00  when-due moaas 4 cadss 9
15:10  give refused wrong-state
40:00  bp falls to 131/83 over 50 min
50:00  when-due moaas 5 cadss 2
90:00  bp falls to 126/80 over 20 min
119:00 observe rass 0
119:10 tick on-air
119:20 tick suicidality
119:30 tick escort
119:40 tick no-driving
119:50 close refused blocked by earliest
121:30 close

expect cuff between 35:00 and 40:30
expect shown bp 148/94 at 41:00
expect cuff between 60:00 and 60:00
expect cuff between 90:00 and 90:00
expect cuff between 120:00 and 120:00
expect D1 none between 40:00 and 41:00
expect phase peak at 20:00
expect phase observation at 61:00
expect phase leave at 120:30
expect leave free at 121:29
never anything-else
