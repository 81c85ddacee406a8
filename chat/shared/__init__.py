"""The order that many servers share: one log, which each of them reads and applies. Pure: what a log is made of is
below, in storage/, or in memory (chat.shared.shared_log.MemoryLog), for tests and the simulation.
"""
