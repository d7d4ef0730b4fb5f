# Three determinations in a row fail: an arm that moves. One is tried again without a word, two are low, three medium;
# the fourth brings a value. 00:00 is the start of the infusion.
story "Cuff fails three times"
source "clinical.md 6 (movement), 8.3 C2"
plan ketamine-iv
room ecg oximeter cuff
baseline 124/78 hr 70 spo2 97 resp 14

-12:00 open weight 72 kg dose 36 mg duration 40 min age 41
-11:00 observe moaas 5
-10:30 observe cadss 0
-10:00 tick cuff-arm
-09:00 when-due moaas 5 cadss 0
00:00  start
14:00  cuff-fail 3

expect cuff between 15:00 and 15:00
expect cuff between 15:30 and 15:45
expect cuff between 16:10 and 16:25
never cuff-failed-cuff between 00:00 and 15:30
expect cuff-failed-cuff low between 15:55 and 16:10 says "keeps failing"
expect cuff-failed-cuff medium between 16:35 and 16:50
expect shown bp 124/78 at 21:00
expect cuff-failed-cuff ends between 20:20 and 20:30
never B*
