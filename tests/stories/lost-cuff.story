# The cuff's cable is out for half an hour of the infusion. 00:00 is the start of the infusion.
story "A cuff that stays away"
source "clinical.md 8.3 C1 and C5; escalates: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
11:00  cable-pull cuff for 25 min
39:00  end

expect device-cuff low between 11:00 and 11:05
expect device-cuff medium+ between 11:05 and 26:00
expect cuff between 36:00 and 36:01
never late-cuff
