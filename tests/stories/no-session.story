# The devices are on the patient and no session is open. What is critical is judged whenever values flow.
story "Nobody opened a session"
source "no alarm is said only while limits are judged; critical rules without a session: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

00:00  spo2 is 96
05:00  spo2 is 70
10:00  spo2 is 97
15:00  hr is 30
20:00  end

expect O* high between 05:00 and 05:30
expect H4 high between 15:00 and 15:30
