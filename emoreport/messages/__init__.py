"""Words for people, by language: data files beside a small accessor."""

from emoreport.messages.catalogue import keys, label_name, languages, text

__all__ = ["keys", "label_name", "languages", "text"]
