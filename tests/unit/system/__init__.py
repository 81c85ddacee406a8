"""Tests of system/."""
