# Saturation falls, the nurse gives oxygen and calls for help with one word each; the colleague who comes answers the call. The call
# stands although the saturation recovers, and nothing but an answer ends it.
story "Oxygen and a call for help"
source "clinical.md 8.3 O2; the call: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 128/82 hr 72 spo2 98 resp 14

-13:00 oxygen 2 refused no-session
-12:00 open weight 72.5 kg dose 36.25 mg duration 40 min
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
12:00  spo2 falls to 88 over 2 min
14:30  ack all
14:40  oxygen 2
14:50  call-help
14:52  call-help
15:10  spo2 rises to 97 over 90 s
18:00  ack help as nurse2
19:00  ack help as nurse2 refused unknown-alarm
19:30  oxygen air

expect help high between 14:50 and 14:51 says "HELP"
expect help high at 17:59
never help at 18:30
expect at-most 1 high between 14:45 and 17:59
