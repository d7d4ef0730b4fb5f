# A patient who insists on leaving early goes in a named clinician's responsibility. 00:00 is the start of the infusion.
story "Leaving early by override"
source "clinical.md 8.3 L1 (override with reason)"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
70:00  close refused blocked by earliest
70:30  close override doctor1 "insists, well, brother drives"
72:00  end

never anything-else
never any at 71:00
