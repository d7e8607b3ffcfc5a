"""Words for people, by language: data files beside a small accessor."""

from emoreport.words.catalogue import keys, label_name, languages, text

__all__ = ["keys", "label_name", "languages", "text"]
