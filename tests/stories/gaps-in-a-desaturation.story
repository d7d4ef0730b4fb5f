# Half an hour at 86 %, and the probe loses contact for 8 s in every 20 s. No stretch of values lasts 15 s, yet the patient is
# at 86 % all the time. 00:00 is the start of the infusion.
story "Desaturation with a probe that comes and goes"
source "clinical.md 8.3 O2; gaps neither add nor reset: proposal"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
20:00  spo2 is 86
20:12  probe-off oximeter for 8 s in every 20 s until 50:00
52:00  spo2 is 97

# 12 s, a gap, 3 s more: the delay of 15 s is over. Two more gaps are granted.
expect O2 high between 20:12 and 21:10
expect O2 high at 35:00
expect O2 high at 49:30
