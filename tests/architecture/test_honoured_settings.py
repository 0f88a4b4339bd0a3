"""A setting that is listed as honoured is read by somebody."""

from __future__ import annotations

from pathlib import Path

import minikafka
from minikafka.config import BROKER_SETTINGS

PACKAGE = Path(minikafka.__file__).parent


def test_every_honoured_broker_setting_is_read_outside_of_the_tables() -> None:
    """`minikafka config` says which settings are taken without effect; it must not forget one."""
    readers = [
        path.read_text()
        for path in PACKAGE.rglob("*.py")
        if path.parent.name not in ("messages", "records")
        and path.name not in ("broker_settings.py", "config_types.py", "known.py")
    ]
    table = (PACKAGE / "config" / "broker_settings.py").read_text()
    unread = []
    for name, setting in BROKER_SETTINGS.items():
        field = name.replace(".", "_")
        is_read = any(field in text for text in readers) or f"self.{field}" in table
        if setting.supported and not is_read:
            unread.append(name)
    assert unread == []
