"""The Zilliz Cloud jobs operator."""

__version__ = "0.2.0"
