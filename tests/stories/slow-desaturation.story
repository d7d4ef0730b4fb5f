# Saturation falls slowly from 98 to 88 %; staff answer, give oxygen, and it recovers. 00:00 is the start of the infusion.
story "Slow desaturation with oxygen"
source "clinical.md 3.2 (SpO2 below 93 %: RespJnJ), 8.3 O1 to O3"
plan ketamine-iv
room ecg oximeter cuff
baseline 128/82 hr 72 spo2 98 resp 14

-12:00 open weight 72.5 kg dose 36.25 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
12:00  spo2 falls to 88 over 2 min
14:30  ack all
15:00  note "oxygen 2 L/min by mask"
15:10  spo2 rises to 97 over 90 s

# 92 % is shown from 13:06 on, 89 % from 13:42 on; delays 30 s and 15 s.
expect O1 medium between 13:35 and 13:50 says "SpO2 below 93 %"
expect O2 high between 13:55 and 14:05 says "SpO2"
never O3
expect O2 high at 15:00
expect O2 ends between 15:55 and 16:10
never any at 17:30
never missing-*
never R*
