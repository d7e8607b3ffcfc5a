"""Words for people, by language: data files beside a small accessor."""

from emoreport.messages.catalogue import Words, keys, label_name, languages, text

__all__ = ["Words", "keys", "label_name", "languages", "text"]
