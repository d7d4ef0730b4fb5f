# An infusion in a room without an oximeter: nothing would ever say how much oxygen there is. It is said when the session is opened, by
# itself and by name, and not as "not known yet". 00:00 is the start of the infusion.
story "No source for a critical limit"
source "clinical.md 8.3 O2, O3; a blocker of its own: proposal"
plan ketamine-iv
room ecg cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-02:00 start refused blocked by no-source G2
00:00  start override dr-weber "portable oximeter at the bed, read every 5 min"
01:00  end

expect start blocked by no-source at -11:50
