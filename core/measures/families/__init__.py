"""The measures themselves, one module a family: functions, and their entries in the registry beside them."""
