# In recovery the patient goes to the toilet: everything is taken out for five minutes, with a reason and in a clinician's
# name because nothing is watched meanwhile, and put back. 00:00 is the start of the infusion.
story "A trip to the toilet"
source "clinical.md 8.3 C3 and C5; proposal: taken out never longer than stated"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
61:00  take-out oximeter for 5 min because "toilet" refused blocked
61:10  take-out oximeter for 5 min because "toilet" override doctor1 "walks well, nurse goes along"
61:20  take-out ecg for 5 min because "toilet" override doctor1 "walks well, nurse goes along"
61:30  probe-off oximeter for 4 min
61:30  lead-off for 4 min
61:30  probe-off ecg for 4 min
65:45  put-back oximeter
65:50  put-back ecg

expect taken-out-device-oximeter low between 61:10 and 61:10 says "Taken out of alarming"
expect taken-out-device-ecg low between 61:20 and 61:20
expect taken-out-device-oximeter ends between 65:45 and 65:45
expect taken-out-device-ecg ends between 65:50 and 65:50
never missing-*
never O*
never H*
never any at 67:00
never anything-else
