# The cuff has just been read; then heart rate 39 and 77/44 for four minutes. The alarm of the heart asks for a pressure
# now, and what it finds stays to be seen. 00:00 is the start of the infusion.
story "Vasovagal faint just after a reading"
source "clinical.md 5.3 (vasovagal branch), 6 (readings in bradycardia); measure now: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
10:35  vasovagal for 4 min

expect H4 high between 10:45 and 10:55
expect cuff between 10:45 and 11:05
expect B6 medium+ between 11:05 and 11:40
expect shown bp 77/44 at 11:40
expect B6 high at 14:00
