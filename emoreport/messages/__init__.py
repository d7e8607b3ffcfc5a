"""Every word that a person reads, in English and Russian: data files beside a small accessor."""

from emoreport.messages.catalogue import Words, keys, label_name, languages, text

__all__ = ["Words", "keys", "label_name", "languages", "text"]
