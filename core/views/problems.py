"""Errors whose text is meant for a person; everything else is a fault of ours."""

from core.errors import VirtualMLEError
from recmodels.errors import RecModelsError
from vectorstore.protocol import VectorStoreError

EXPECTED = (VirtualMLEError, RecModelsError, VectorStoreError)
