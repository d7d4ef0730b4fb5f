# Everything is ready, the pump runs, and nobody typed the start. 00:00 is the opening.
story "Opened and never started"
source "clinical.md 8.1; ready, not started, cuff goes on: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

00:00  open weight 72 kg dose 36 mg duration 40 min age 41
01:00  observe moaas 5
01:30  observe cadss 0
02:00  tick cuff-arm
20:00  bp rises to 176/108 over 20 min
133:00 end

expect any low+ between 06:00 and 30:00 says "start"
expect cuff between 10:00 and 25:00
expect cuff between 40:00 and 50:00
expect any medium+ between 30:00 and 60:00 says "Blood pressure"
