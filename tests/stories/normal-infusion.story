# 0.5 mg/kg over 40 minutes, a rise of 16/11 mmHg at minute 40 that is gone an hour later, mild dissociation, no trouble.
# 00:00 is the start of the infusion.
story "Normal infusion"
source "clinical.md 3.1 (Yale2024: mean peak +16/+11), 3.3 (dissociation), 8.1 and 8.2 (phases, checks)"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14 etco2 38

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41 series 3
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
00:00  bp rises to 140/89 over 40 min
00:00  hr rises to 74 over 40 min
15:00  when-due moaas 5 cadss 8
30:00  when-due moaas 4 cadss 8
40:00  bp falls to 128/80 over 30 min
50:00  when-due moaas 5 cadss 2
85:00  bp falls to 124/78 over 10 min
99:00  observe rass 0
99:10  tick on-air
99:20  tick suicidality
99:30  tick escort
99:40  tick no-driving
101:30 close

expect start free at -00:01
expect phase infusion at 01:00
expect phase recovery at 41:00
expect phase observation at 71:00
expect cuff between 05:00 and 05:00
expect cuff between 40:00 and 40:00
expect shown bp 140/89 at 41:00
expect D1 none between 20:00 and 21:00 says "Dissociating"
expect leave blocked by earliest escort at 99:25
expect leave free at 101:29
never anything-else
