"""What is said, for the page: words with their times, in lines as captions have them."""

from __future__ import annotations

from typing import Any, Final

from emoreport.results import Analysis, caption_starts, milliseconds

DECIMALS: Final = 3


def spoken_document(analysis: Analysis) -> dict[str, Any] | None:
    """What the page shows of the words; None where there is none to show.

    Returns
    -------
    ``start`` and ``end`` of each word, seconds; ``text``, the word with the punctuation behind it;
    ``lines``, the index of the first word of each line; ``placed``, whence the times come;
    ``clauses``, when each begins and ends, the emotion of its words and its confidence.
    """
    words = analysis.words
    if not words:
        return None
    texts = [word.word + word.after for word in words]
    return {
        "start": [round(word.span.start_s, DECIMALS) for word in words],
        "end": [round(word.span.end_s, DECIMALS) for word in words],
        "text": texts,
        "lines": caption_starts(
            texts,
            [milliseconds(word.span.start_s) for word in words],
            [milliseconds(word.span.end_s) for word in words],
        ),
        "placed": sorted({word.placed for word in words}),
        "clauses": [
            [
                round(clause.span.start_s, DECIMALS),
                round(clause.span.end_s, DECIMALS),
                clause.emotion,
                None if clause.confidence is None else round(clause.confidence, DECIMALS),
            ]
            for clause in analysis.text_clauses
            if clause.emotion is not None
        ],
    }
