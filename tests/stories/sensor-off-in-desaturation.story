# The alarm stands at 88 %, then the probe falls off. The alarm stays: no value is not a good value. The probe is put back
# on a patient who has recovered. 00:00 is the start of the infusion.
story "Probe falls off in a desaturation"
source "clinical.md 8.3 O2 and C3, behaviour rules (missing data never count as normal)"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
20:00  spo2 falls to 88 over 20 s
21:00  probe-off oximeter for 3 min
21:30  spo2 rises to 96 over 60 s

expect O2 high between 20:30 and 20:40
expect O2 high at 21:10
expect O2 high at 23:59
# It says itself that the value is lost: no second alarm for the same finger.
never missing-*
expect shown spo2 nothing at 22:00
# After the return it must be back for 15 s, and it stays latched until somebody answers.
expect O2 latches between 24:10 and 24:25
expect O2 high at 26:00
never O3
