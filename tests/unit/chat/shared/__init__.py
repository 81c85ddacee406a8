"""Tests of chat/shared/."""
