# The way out: too early, then not answered for, then a pressure that is back, then free. 00:00 is the start of the infusion.
story "Leave check"
source "clinical.md 8.3 L1 and L2"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
00:00  bp rises to 150/94 over 40 min
20:00  when-due moaas 5 cadss 9
40:00  bp falls to 126/79 over 45 min
80:30  observe cadss 2
80:40  when-due moaas 5 cadss 2
70:00  close refused blocked by earliest suicidality escort no-driving on-air
99:30  observe rass 0
99:40  tick on-air
99:50  tick suicidality
99:55  tick no-driving
101:00 close refused blocked by escort
101:10 tick escort
101:20 close
102:00 end

expect leave blocked by earliest RASS at 70:00
# The pressure of minute 85 is too old at minute 101; the reading that fell due at the door counts.
expect cuff between 100:00 and 100:00
expect leave blocked by escort at 101:05
expect leave free at 101:15
never anything-else
