# No response to voice or touch, entered as RASS. 00:00 is the start of the infusion.
story "RASS -5"
source "clinical.md 4 (RASS -5: none), 8.3 S3"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
20:00  observe rass -5

expect any high between 20:00 and 20:01
