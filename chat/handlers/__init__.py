"""What each request does: one file a subject, each with functions (state, session, request) -> effects.

Handlers import chat.state and what lies below it, never each other's private parts, never the hub.
"""
