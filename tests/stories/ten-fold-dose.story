# 362.5 mg typed for 36.25 mg. Nothing is opened until a second person has looked; then the right dose goes through.
story "Ten-fold dose"
source "clinical.md 6 (PSNet2021, ISMP1998, Long2003), 8.3 G4"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

00:00  open weight 72.5 kg dose 362.5 mg duration 40 min refused second-person
00:10  open weight 72.5 kg dose 362.5 mg duration 40 min second nurse1 refused second-person
00:20  open weight 72.5 kg dose 36.25 mg duration 4 min refused second-person
00:30  open weight 72.5 kg dose 36.25 mg duration 40 min concentration 100 mg/ml refused second-person
01:00  open weight 72.5 kg dose 36.25 mg duration 40 min concentration 1 mg/ml
02:00  end

expect start blocked by baseline baseline-scores cuff-arm at 02:00
never any between 00:00 and 01:30
