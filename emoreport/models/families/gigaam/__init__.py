"""GigaAM-Emo: a Conformer on Russian speech, four classes.

Nothing here imports torch before the network runs in it.
"""

from emoreport.models.families.gigaam.model import gigaam_source, open_gigaam

__all__ = ["gigaam_source", "open_gigaam"]
