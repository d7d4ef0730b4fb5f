# A session that was not started is closed while SpO2 is 84 %. 00:00 is the opening.
story "Closing over a high alarm"
source "proposal: closing with an active high alarm asks"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

00:00  open weight 72 kg dose 36 mg duration 40 min age 41
10:00  spo2 is 84
11:00  close refused
12:00  end

expect O3 high between 10:04 and 10:10
expect O3 high at 12:00
