"""Keeps schemathesis' pictures small: it is to find out what the server takes, not how long it draws."""
import schemathesis

SMALL = {"steps": 2, "width": 64, "height": 64, "count": 1, "batch_size": 1, "n_iter": 1, "n": 1}


def shrink(value):
    if isinstance(value, dict):
        return {key: SMALL[key] if key in SMALL and isinstance(item, (int, float)) and not isinstance(item, bool)
                and item > SMALL[key] else shrink(item) for key, item in value.items()}
    return [shrink(item) for item in value] if isinstance(value, list) else value


@schemathesis.hook
def map_body(context, body):
    return shrink(body)
