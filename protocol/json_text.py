"""JSON text: encoders that are prepared once.

`json.JSONEncoder.encode` prepares its C encoder anew for each object, which is a third of what a small object costs.
"""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable

Encode = Callable[[object], str]


def encoder(default: Callable[[object], object] | None = None) -> Encode:
    """Return a function that writes a value as JSON, in one line without blanks.

    `default` is called for what JSON knows no form of, as in `json.JSONEncoder`.
    """
    options = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"), default=default)
    make = getattr(json.encoder, "c_make_encoder", None)  # a Python without it has the slower one
    if make is None:
        return options.encode
    chunks = make(
        None,
        options.default,
        json.encoder.encode_basestring,
        options.indent,
        options.key_separator,
        options.item_separator,
        options.sort_keys,
        options.skipkeys,
        options.allow_nan,
    )
    return lambda value: "".join(chunks(value, 0))
