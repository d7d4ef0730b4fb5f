# Twice the usual dose, in forty minutes or in twenty, and less than half of it are possible, but not without a second person.
story "A dose that is asked about"
source "clinical.md 1.1 (clinic range 0.5 to 0.75 mg/kg), 6; asked outside 0.3 to 0.75 mg/kg: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

00:00  open weight 72.5 kg dose 72.5 mg duration 40 min refused second-person
00:20  open weight 72.5 kg dose 72.5 mg duration 20 min refused second-person
00:40  open weight 72.5 kg dose 14.5 mg duration 40 min refused second-person
00:50  open weight 72.5 kg dose 36.25 mg duration 40 min
01:00  end

never any
