# A faint one minute before a scheduled reading: heart rate 39, pressure 77/44 for four minutes, back by itself. The alarm of the
# heart measures at once.
# 00:00 is the start of the infusion.
story "Vasovagal faint before a scheduled reading"
source "clinical.md 5.3 (vasovagal branch), 8.3 H4 and B6"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 68 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
09:00  vasovagal for 4 min
12:00  ack all
21:00  ack all

expect H4 high between 09:10 and 09:20 says "Heart rate 40 or less"
never H3 between 00:00 and 09:09
expect cuff between 09:10 and 09:20
expect B6 medium between 09:35 and 09:45 value 77
expect B6 high between 10:15 and 10:25 value 77 says "Systolic blood pressure 90 or less"
expect H4 high at 11:59
expect H4 ends between 13:15 and 13:40
# Two readings in a row must be back before the pressure is well again.
expect B6 high at 15:00
expect B6 latches between 20:20 and 20:30
never any at 21:30
never B1
never O*
never missing-*
