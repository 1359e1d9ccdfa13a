"""One file a command: `name_.py` is `leitstand name`. It has `command`, or `app` where there are sub-commands."""
