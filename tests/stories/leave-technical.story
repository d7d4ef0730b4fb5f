# The probe was off for three minutes shortly before the door. 00:00 is the start of the infusion.
story "A probe does not keep her here"
source "proposal: technical alarms do not block leaving"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
92:00  probe-off oximeter for 3 min
99:00  observe rass 0
99:10  tick on-air
99:20  tick suicidality
99:30  tick escort
99:40  tick no-driving
101:00 end

expect missing-spo2 medium between 93:00 and 94:30
expect leave free at 101:00
