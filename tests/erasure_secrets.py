"""What a person of tests/erasure_story.py leaves behind, word by word."""

# What must not be found afterwards: each word is nowhere else.
EMAIL = "Gesia.Skorka@Zanzibar-Quillstone.example"
NAME = "Zażółcia Gęślewska"
COMPANY = "Źdźbło & Spółka"
PHONE = "+48 600 123 987"
MESSAGE = "Szukamy kryptozoologa w Gdańsku, od środy; „pilne”."
NOTES = "Oddzwonić po świętojańskiej nocy"
SECRETS = [*EMAIL.lower().split("@"), *NAME.split(), "Źdźbło", PHONE, "kryptozoologa", "Gdańsku", "świętojańskiej"]
NEIGHBOUR = "neighbour-of-all"
