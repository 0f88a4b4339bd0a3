"""The commands of stories, one file per subject; `session.COMMANDS` says which is where."""
