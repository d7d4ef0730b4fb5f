# Two people agree to be told of SpO2 only below 60 %. That is no limit any more. 00:00 is the start of the infusion.
story "A critical limit has a floor"
source "critical limits have a floor: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
05:00  limit O2 60 second doctor2 because "cold fingers" refused beyond-critical
06:00  end

never any
