"""Tests of storechat/."""
