# An alarm stands, acknowledged, when the nurse hands over. Whoever takes over is told again after three minutes, and can
# answer under her own name. 00:00 is the start of the infusion.
story "Handover with a standing alarm"
source "proposal (reminder: monitors remind every 1 to 10 min), clinical.md 8.3 behaviour rules"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
12:00  hr rises to 136 over 30 s
13:00  ack H2 as nurse1
15:30  note "hands over to nurse2: heart rate 136, patient calm" as nurse1
16:10  ack H2 as nurse2
16:30  hr falls to 90 over 60 s

expect H2 high between 12:40 and 12:50
expect H2 high at 15:00
expect H2 reminds between 15:55 and 16:05
expect H2 high at 16:20
expect H2 ends between 17:10 and 17:30
never H2 high at 18:30
never missing-*
