"""BERT networks that judge the emotion of a text, run without PyTorch or tokenizer libraries."""
