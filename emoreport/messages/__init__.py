"""Every text that a person reads, in English and Russian: TOML files and how to look them up."""

from emoreport.messages.catalogue import Words, keys, label_name, languages, text

__all__ = ["Words", "keys", "label_name", "languages", "text"]
