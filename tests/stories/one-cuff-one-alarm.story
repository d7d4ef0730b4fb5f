# The cuff fails from minute 14 on; that it is late besides tells nobody anything. 00:00 is the start of the infusion.
story "A failing cuff is not late as well"
source "proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
14:00  cuff-fail 8
24:00  end

expect cuff-failed-cuff any between 15:00 and 17:00
never late-cuff
expect cuff-failed-cuff medium between 16:30 and 17:00
