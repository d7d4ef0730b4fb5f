# Whoever confirms a ten-fold dose is somebody. One letter is nobody.
story "A second person whom nobody knows"
source "people are known accounts or listed names: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

00:00  open weight 72.5 kg dose 362.5 mg duration 40 min second x refused
00:30  open weight 72.5 kg dose 36.25 mg duration 40 min not-yet
01:00  end

never any
