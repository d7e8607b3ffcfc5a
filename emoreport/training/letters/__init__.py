"""How the letter model is made, which aligns Russian transcripts: spoken texts with phone times.

Spoken by eSpeak NG (its phone events tell the times) and, save what is held out, by the man of
Debian's ``festvox-ru`` (its label files do). Letters take the times of their phones; the network
learns the letter of every 20 ms.
"""
